/** Shell completion, made from the commands themselves. */
import { type Command } from 'commander';
import { CliError } from '../errors';

interface Entry {
  /** Words typed so far, `device list`. */
  readonly path: string;
  readonly words: readonly string[];
}

function entries(command: Command, path: readonly string[] = []): Entry[] {
  const children = command.commands.map((c) => c.name());
  const options = command.options.flatMap((o) => (o.hidden || !o.long ? [] : [o.long]));
  const own: Entry = { path: path.join(' '), words: [...children, ...options] };
  return [own, ...command.commands.flatMap((c) => entries(c, [...path, c.name()]))];
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** A script for `source`. Throws CliError `usage` for a shell that is not known. */
export function completion(program: Command, shell: string): string {
  const all = entries(program);
  if (shell === 'bash') return bash(all);
  if (shell === 'zsh') return `autoload -U +X bashcompinit && bashcompinit\n${bash(all)}`;
  if (shell === 'fish') return fish(all);
  throw new CliError('usage', 'completion', `${shell} is not known`, `there are: ${SHELLS.join(', ')}`);
}

function bash(all: readonly Entry[]): string {
  const cases = all.map((e) => `    '${e.path}') words='${e.words.join(' ')}' ;;`).join('\n');
  return `# source <(millrace completion bash)
_millrace() {
  local path='' words='' word current="\${COMP_WORDS[COMP_CWORD]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _millrace millrace ./millrace
`;
}

function fish(all: readonly Entry[]): string {
  const lines = all.flatMap(({ path, words }) => {
    const given = path
      ? path
          .split(' ')
          .map((w) => `__fish_seen_subcommand_from ${w}`)
          .join('; and ')
      : '__fish_use_subcommand';
    return words.map((w) => {
      const what = w.startsWith('--') ? `-l ${w.slice(2)}` : `-f -a ${w}`;
      return `complete -c millrace -n '${given}' ${what}`;
    });
  });
  return `# millrace completion fish | source\n${lines.join('\n')}\n`;
}
