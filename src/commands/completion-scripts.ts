/** Completion scripts of three shells, from the command tree. */
import type { CommandShape, OptionShape, ProgramShape } from './command-tree.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function completionScript(shell: Shell, program: ProgramShape): string {
  switch (shell) {
    case 'bash':
      return bashScript(program);
    case 'zsh':
      return zshScript(program);
    case 'fish':
      return fishScript(program);
  }
}

// --- bash ----------------------------------------------------------------------------------------

function bashScript({ name, options, commands }: ProgramShape): string {
  const words = [...commands.map((command) => command.name), ...flagsOf(options)].join(' ');
  const cases = commands.map(
    (command) =>
      `    ${command.name}) words='${[...command.choices, ...flagsOf(command.options)].join(' ')}' ;;`,
  );
  const values = commands.flatMap((command) =>
    command.options
      .filter(({ takesValue }) => takesValue)
      .map((option) => bashValue(command, option)),
  );
  return `# bash completion of ${name}: source <(${name} completion bash)
_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local command='' words='' index
  # A flag and its value in one word are three to bash.
  case $current:$previous in
    =:*) current='' ;;
    *:=) previous=\${COMP_WORDS[COMP_CWORD - 2]} ;;
  esac
  for ((index = 1; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in -*) ;; *) command=\${COMP_WORDS[index]}; break ;; esac
  done
  COMPREPLY=()
  case $command:$previous in
${values.map((line) => `    ${line}`).join('\n')}
  esac
  case $command in
    '') words='${words}' ;;
${cases.join('\n')}
  esac
  COMPREPLY=( $(compgen -W "$words" -- "$current") )
}
complete -F _${name} ${name}
`;
}

/** One pattern of the case over `command:previous`. */
function bashValue(command: CommandShape, { long, short, choices, isPath }: OptionShape): string {
  const patterns = [long, short].filter((flag) => flag !== null);
  const pattern = patterns.map((flag) => `${command.name}:${flag}`).join(' | ');
  if (choices.length > 0) {
    return `${pattern}) COMPREPLY=( $(compgen -W '${choices.join(' ')}' -- "$current") ); return ;;`;
  }
  if (!isPath) return `${pattern}) return ;;`;
  // A line a name, for it may hold spaces. Without compopt, as in bash 3, a folder gets no slash.
  return `${pattern}) local IFS=$'\\n'; COMPREPLY=( $(compgen -f -- "$current") ); compopt -o filenames 2>/dev/null; return ;;`;
}

// --- zsh -----------------------------------------------------------------------------------------

function zshScript({ name, options, commands }: ProgramShape): string {
  const named = commands.map((command) => `    ${quote(`${command.name}:${command.description}`)}`);
  const cases = commands.map((command) => {
    const specs = command.options.map(zshSpec);
    const argument = command.choices.length > 0 ? [`'1:value:(${command.choices.join(' ')})'`] : [];
    return `    ${command.name}) _arguments ${[...specs, ...argument].join(' \\\n        ')} ;;`;
  });
  return `#compdef ${name}
# zsh completion of ${name}: source <(${name} completion zsh)
_${name}() {
  local -a commands
  commands=(
${named.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    _arguments ${options.map(zshSpec).join(' ')}
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
# Read as a file of fpath it is the function itself, else it is made known here.
if [ "$funcstack[1]" = _${name} ]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function zshSpec({ long, short, description, takesValue, choices, isPath }: OptionShape): string {
  const flag = long ?? short ?? '';
  const text = description.replaceAll(/[[\]:]/g, ' ');
  const value = !takesValue
    ? ''
    : choices.length > 0
      ? `:value:(${choices.join(' ')})`
      : isPath
        ? ':file:_files'
        : ':value: ';
  // The value may be the next word, or come after the sign.
  return quote(`${flag}${takesValue ? '=' : ''}[${text}]${value}`);
}

// --- fish ----------------------------------------------------------------------------------------

function fishScript({ name, options, commands }: ProgramShape): string {
  const lines = commands.flatMap((command) => {
    const within = `-n '__fish_seen_subcommand_from ${command.name}'`;
    return [
      `complete -c ${name} -n __fish_use_subcommand -a ${command.name} -d ${quote(command.description)}`,
      ...(command.choices.length > 0
        ? [`complete -c ${name} ${within} -a '${command.choices.join(' ')}'`]
        : []),
      ...command.options.map((option) => `complete -c ${name} ${within} ${fishOption(option)}`),
    ];
  });
  const own = options.map(
    (option) => `complete -c ${name} -n __fish_use_subcommand ${fishOption(option)}`,
  );
  return `# fish completion of ${name}: ${name} completion fish | source
complete -c ${name} -f
${[...own, ...lines].join('\n')}
`;
}

function fishOption(option: OptionShape): string {
  const { long, short, description, takesValue, choices, isPath } = option;
  return [
    ...(long === null ? [] : [`-l ${long.slice(2)}`]),
    ...(short === null ? [] : [`-s ${short.slice(1)}`]),
    ...(takesValue ? [isPath ? '-r -F' : '-x'] : []),
    ...(choices.length > 0 ? [`-a '${choices.join(' ')}'`] : []),
    `-d ${quote(description)}`,
  ].join(' ');
}

// -------------------------------------------------------------------------------------------------

function flagsOf(options: readonly OptionShape[]): string[] {
  return options.map(({ long, short }) => long ?? short ?? '');
}

/** Single quotes, which all three shells read alike but for a quote within. */
function quote(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
