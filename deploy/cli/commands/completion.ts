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

/** A word that leads nowhere is an argument, or the value of an option: what may follow is that of the verb before it. */
function bash(all: readonly Entry[]): string {
  const cases = all.map((e) => `    '${e.path}') echo '${e.words.join(' ')}' ;;`).join('\n');
  return `# source <(millrace completion bash)
_millrace_words() {
  case "$1" in
${cases}
    *) return 1 ;;
  esac
}
_millrace() {
  local path='' word current="\${COMP_WORDS[COMP_CWORD]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if _millrace_words "\${path:+$path }$word" > /dev/null; then path="\${path:+$path }$word"; fi
  done
  COMPREPLY=($(compgen -W "$(_millrace_words "$path")" -- "$current"))
}
complete -o default -F _millrace millrace ./millrace
`;
}

const seen = (names: readonly string[]): string => `__fish_seen_subcommand_from ${names.join(' ')}`;

function fish(all: readonly Entry[]): string {
  const lines = all.flatMap(({ path, words }) => {
    const verbs = words.filter((w) => !w.startsWith('--'));
    const before = path === '' ? ['__fish_use_subcommand'] : path.split(' ').map((w) => seen([w]));
    // What has a verb of its own already wants that one's words.
    const given = [...before, ...(path !== '' && verbs.length > 0 ? [`not ${seen(verbs)}`] : [])].join('; and ');
    return words.map((w) => {
      const what = w.startsWith('--') ? `-l ${w.slice(2)}` : `-f -a ${w}`;
      return `complete -c millrace -n '${given}' ${what}`;
    });
  });
  return `# millrace completion fish | source\n${lines.join('\n')}\n`;
}
