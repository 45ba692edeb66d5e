/** openapi.yaml: what the API takes, read and compiled once for a process, for every application in it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RequestHandler } from 'express';
import * as OpenApiValidator from 'express-openapi-validator';
import { parse } from 'yaml';
import { projectRoot } from '../../schemas/root';

export type OpenApiDocument = Exclude<Parameters<typeof OpenApiValidator.middleware>[0]['apiSpec'], string>;

let document: OpenApiDocument | undefined;
let validators: RequestHandler[] | undefined;

export function openApiDocument(): OpenApiDocument {
  const path = join(projectRoot(), 'services', 'api', 'openapi.yaml');
  return (document ??= parse(readFileSync(path, 'utf8')) as OpenApiDocument);
}

/** Refuses requests that the description does not allow. Path parameters are all text: nothing of it belongs to one application. */
export function openApiValidators(): RequestHandler[] {
  return (validators ??= OpenApiValidator.middleware({
    ...{ apiSpec: openApiDocument(), validateSecurity: false, ignorePaths: /^(?!\/api\/)/ },
  }) as RequestHandler[]);
}
