/** Shell completion, made from the commands themselves. */
import { type Command } from 'commander';
import { CliError } from '../errors';

interface Entry {
  /** Words typed so far, `device list`. */
  readonly path: string;
  readonly words: readonly string[];
  /** Options that want a value: what follows them is a file, or nobody knows. */
  readonly valued: readonly string[];
}

function entries(command: Command, path: readonly string[] = []): Entry[] {
  const children = command.commands.map((c) => c.name());
  const options = command.options.filter((o) => !o.hidden);
  const own: Entry = {
    path: path.join(' '),
    words: [...children, ...options.flatMap((o) => o.long ?? [])],
    valued: options.filter((o) => o.required || o.optional).flatMap((o) => [o.short ?? [], o.long ?? []].flat()),
  };
  return [own, ...command.commands.flatMap((c) => entries(c, [...path, c.name()]))];
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** A script for `source`. Throws CliError `usage` for a shell that is not known. */
export function completion(program: Command, shell: string): string {
  const all = entries(program);
  if (shell === 'bash') return bash(all);
  if (shell === 'zsh') return zsh(all);
  if (shell === 'fish') return fish(all);
  throw new CliError('usage', 'completion', `${shell} is not known`, `there are: ${SHELLS.join(', ')}`);
}

/** Shell functions, the same in bash and zsh: what may follow the verbs typed so far, and which options take a value. */
function knowledge(all: readonly Entry[]): string {
  const cases = (of: (e: Entry) => readonly string[]): string =>
    all.map((e) => `    '${e.path}') echo '${of(e).join(' ')}' ;;`).join('\n');
  return `_millrace_words() {
  case "$1" in
${cases((e) => e.words)}
    *) return 1 ;;
  esac
}
_millrace_valued() {
  echo '${all[0]?.valued.join(' ') ?? ''}'
  case "$1" in
${cases((e) => (e.path === '' ? [] : e.valued))}
  esac
}`;
}

/** A word that leads nowhere is an argument, or the value of an option: what may follow is that of the verb before it. */
function bash(all: readonly Entry[]): string {
  return `# source <(millrace completion bash)
${knowledge(all)}
_millrace() {
  local verbs='' word current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if _millrace_words "\${verbs:+$verbs }$word" > /dev/null; then verbs="\${verbs:+$verbs }$word"; fi
  done
  COMPREPLY=()
  for word in $(_millrace_valued "$verbs"); do
    if [[ $word == "$before" ]]; then return; fi
  done
  COMPREPLY=($(compgen -W "$(_millrace_words "$verbs")" -- "$current"))
}
complete -o default -F _millrace millrace ./millrace
`;
}

/** By zsh's own means: its emulation of bash's completion does not know all that the script for bash is written in. */
function zsh(all: readonly Entry[]): string {
  return `# source <(millrace completion zsh)
if (( ! $+functions[compdef] )); then autoload -Uz compinit && compinit; fi
${knowledge(all)}
_millrace() {
  local verbs='' word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if _millrace_words "\${verbs:+$verbs }$word" > /dev/null; then verbs="\${verbs:+$verbs }$word"; fi
  done
  local -a valued=(\${=$(_millrace_valued "$verbs")}) known=(\${=$(_millrace_words "$verbs")})
  if (( ! \${valued[(Ie)\${words[CURRENT-1]}]} )); then compadd -a known && return; fi
  _files
}
compdef _millrace millrace
`;
}

const seen = (names: readonly string[]): string => `__fish_seen_subcommand_from ${names.join(' ')}`;

function fish(all: readonly Entry[]): string {
  const lines = all.flatMap(({ path, words, valued }) => {
    const verbs = words.filter((w) => !w.startsWith('--'));
    const before = path === '' ? ['__fish_use_subcommand'] : path.split(' ').map((w) => seen([w]));
    // What has a verb of its own already wants that one's words.
    const given = [...before, ...(path !== '' && verbs.length > 0 ? [`not ${seen(verbs)}`] : [])].join('; and ');
    return words.map((w) => {
      const what = w.startsWith('--') ? `-l ${w.slice(2)}${valued.includes(w) ? ' -r' : ''}` : `-f -a ${w}`;
      return `complete -c millrace -n '${given}' ${what}`;
    });
  });
  return `# millrace completion fish | source\n${lines.join('\n')}\n`;
}
