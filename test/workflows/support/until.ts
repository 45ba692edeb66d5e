const PATIENCE_MS = 45_000;

/** Looks every 10 ms until it is so. */
export async function until(what: () => boolean | Promise<boolean>, patience_ms = PATIENCE_MS): Promise<void> {
  for (const end = Date.now() + patience_ms; !(await what()); await new Promise((r) => setTimeout(r, 10)))
    if (Date.now() > end) throw new Error('waited in vain');
}
