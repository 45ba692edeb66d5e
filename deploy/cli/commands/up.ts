import { type Context } from '../context';
import { detach } from '../up/detach';
import { launch } from '../up/launch';
import { type RawUpOptions, upOptions } from '../up/options';

export async function up(context: Context, raw: RawUpOptions): Promise<number> {
  const options = upOptions(raw, context.projectRoot);
  return options.detach ? detach(context, raw) : launch(context, options);
}
