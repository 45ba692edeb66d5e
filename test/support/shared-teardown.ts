/** After the last test of real components (jest's globalTeardown). */
export default async function tearDown(): Promise<void> {
  await globalThis.sharedStack?.stop();
}
