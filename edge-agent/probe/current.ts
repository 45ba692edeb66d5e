/** The text of a profile, told to whoever may write profiles; not when it would tell a secret. Pure. */
import { isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { ProbeError } from './error';

const SECRET = /^(password|passphrase|token|secret)s?$/i;
/** A variable, and no default beside it. */
const VARIABLE_ALONE = /^\$\{[A-Za-z_]\w*(:-)?\}$/;

/** Throws ProbeError when a secret stands in it in clear. */
export function tellable(text: string): string {
  const lines = new LineCounter();
  visit(parseDocument(text, { lineCounter: lines, prettyErrors: false }), {
    Pair: (_, { key, value }) => {
      if (!isScalar(key) || !SECRET.test(String(key.value)) || !isScalar(value) || value.value === '') return;
      if (VARIABLE_ALONE.test(String(value.value))) return;
      const { line } = lines.linePos(value.range?.[0] ?? 0);
      throw new ProbeError(
        `its file has a secret in line ${line}, and is not told: name a file (${String(key.value)}_file) or a variable there`,
      );
    },
  });
  return text;
}
