/** What the profile says of devices that post, defaults applied. */
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { type DeskSettings, deskSettings, type PostingDevice, postingDevice } from '../../wire/posts/settings';
import { postSource, type PostSource } from '../../wire/posts/settings';

export interface HttpConnectionSettings extends DeskSettings {
  readonly cert_file: string | undefined;
  readonly key_file: string | undefined;
}

export function connectionSettings(c: ConnectionSection): HttpConnectionSettings {
  const section = c.http ?? {};
  const { cert_file, key_file } = section;
  return { ...deskSettings(c, section, 8_088), cert_file, key_file };
}

export const deviceSettings = ({ section }: ResolvedDevice): PostingDevice => postingDevice(section.id, section.http);

export const sourceOf = (point: PointSection): PostSource => postSource(point, point.http?.value);
