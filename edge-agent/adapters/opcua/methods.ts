/** Methods of a server, called as commands. */
import { AdapterError, type CallAnswer, type FieldValue } from '../../adapter';
import { ConvertError, fieldValue, isUncertainWrite, qualityOf, uaValue } from './codec';
import { LinkError, type UaArgument, type UaLink, type UaSignature } from './link';
import { type UaPoint } from './point';
import { nodeIdOf, nodeText } from './settings';

/**
 * Calls once. Arguments are converted to the types the server declares; what does not fit is refused before anything is
 * sent. The answer has the output arguments by name. Throws AdapterError and LinkError.
 */
export async function callMethod(
  link: UaLink,
  { device, metric, source }: UaPoint,
  method: string,
  args: readonly FieldValue[],
  timeout_ms: number,
): Promise<CallAnswer> {
  const what = `${device}/${metric}`;
  const { method_of } = source;
  if (!method_of) throw new AdapterError('not-writable', 'call', `${what} is no method`, 'method_of makes a point one');
  const object = nodeIdOf(method_of, link.namespaces);
  if (object === undefined)
    throw new AdapterError('unknown-point', 'call', `${what}: the server has no namespace ${nodeText(method_of)}`);
  const { inputs, outputs } = await signatureOf(link, what, method, timeout_ms);
  const given = bound(what, inputs, args);
  const answer = await link.call(object, method, given, timeout_ms);
  if (qualityOf(answer.status) >= 64) {
    const code = isUncertainWrite(answer.status) ? 'timeout' : 'device-exception';
    throw new AdapterError(code, 'call', `${what}: the server answers ${hex(answer.status)}`);
  }
  return Object.fromEntries(
    answer.outputs.map((value, i) => [outputs[i]?.name || `output_${i + 1}`, fieldValue(value) ?? null]),
  );
}

async function signatureOf(link: UaLink, what: string, method: string, timeout_ms: number): Promise<UaSignature> {
  return link.signature(method, timeout_ms).catch((cause: unknown) => {
    // Nothing was called yet.
    const code = cause instanceof LinkError && cause.kind === 'service' ? 'unknown-point' : 'not-connected';
    const message = `${what}: its arguments cannot be read: ${(cause as Error).message}`;
    throw new AdapterError(code, 'call', message, '', { cause });
  });
}

function bound(
  what: string,
  inputs: readonly UaArgument[],
  args: readonly FieldValue[],
): { type: number; value: unknown }[] {
  const names = inputs.map((i) => i.name).join(', ');
  if (inputs.length !== args.length)
    throw new AdapterError('invalid-value', 'call', `${what} takes ${inputs.length} arguments (${names})`);
  return inputs.map(({ name, type, array }, i) => {
    if (array || type === 0)
      throw new AdapterError('invalid-value', 'call', `${what}: ${name} is no single value of a built-in type`);
    return { type, value: convert('call', `${what}: ${name}`, type, args[i] as FieldValue) };
  });
}

/** Throws AdapterError `invalid-value`, before anything is sent. */
export function convert(operation: string, what: string, type: number, value: FieldValue): unknown {
  try {
    return uaValue(type, value);
  } catch (cause) {
    if (!(cause instanceof ConvertError)) throw cause;
    throw new AdapterError('invalid-value', operation, `${what}: ${cause.message}`, '', { cause });
  }
}

export const hex = (status: number): string => `0x${(status >>> 0).toString(16).padStart(8, '0')}`;
