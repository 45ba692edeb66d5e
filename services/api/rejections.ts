/** What the registry's rejections are over HTTP. */
import { type DefinitionRejection } from '../domain/definition';
import { type RejectionCode } from '../domain/device';
import { type ApiErrorCode } from './problem';

export const REJECTIONS: Readonly<Record<RejectionCode | DefinitionRejection, ApiErrorCode>> = {
  invalid: 'invalid-request',
  'unknown-device': 'not-found',
  'unknown-definition': 'not-found',
  'already-registered': 'already-registered',
  'illegal-move': 'illegal-move',
  'version-conflict': 'version-conflict',
  'no-credential': 'no-credential',
};
