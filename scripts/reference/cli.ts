import type { Argument, Command, Option } from 'commander'
import { COMMON_OPTIONS_HEADING, PROCESS_OPTIONS_HEADING } from '../../src/cli/options.ts'
import { createProgram } from '../../src/cli/program.ts'
import { SILENT_TERMINAL } from '../../src/cli/terminal.ts'

const program = await createProgram(SILENT_TERMINAL)

/** docs/reference/cli.md, from the definitions of the commands. */
export function renderCliReference(): string {
  const commands = program.commands.flatMap(leaves)
  return `${[
    '# Command line',
    '```sh\nnpx mintkeeper COMMAND      # where the package is installed\nbin/mintkeeper COMMAND      # in a checkout, after npm ci\n```',
    'Every command knows `--help`. A configuration comes from `--config`, from `MINTKEEPER_CONFIG` or from `mintkeeper.yaml` in the current directory; [configuration](configuration.md) lists what is in it.',
    '## What all commands share',
    [
      '- `--json` prints JSON in place of text. Standard output then holds nothing else; notes and errors go to standard error.',
      '- Passwords and secrets never stand on the command line, where `ps` shows them to everybody on the machine: they come from a file or from standard input, or are made and shown once.',
      '- For the same reason give tokens as `-` and pipe them in: `mintkeeper token inspect - < token.txt`.',
      '- Commands on tenants, users, clients, tokens and keys open the database themselves, and never make one. On the machine of an SQLite database they work while a server runs; it notices changed tenants and keys within five seconds, and everything else at once.',
      '- `serve` may run more than once on an SQLite database, on one machine: all processes see the same tokens, and a refresh token is spent once. More machines need PostgreSQL.',
    ].join('\n'),
    '### Exit codes',
    table(
      ['code', 'meaning'],
      [
        ['0', 'done'],
        ['1', 'it could not be done; standard error says why, and what to do next'],
        ['2', 'the command line is wrong: an unknown option, a missing argument, a value that breaks a rule'],
        [
          '69',
          '`surface check` could not compare everything: a server does not answer, or both refuse what good credentials get',
        ],
        ['78', 'the configuration is wrong; every problem is listed, with its place in the file'],
      ],
    ),
    '### Common options',
    'Those of them that a command takes are named with it.',
    optionTable(uniqueOptions(commands, COMMON_OPTIONS_HEADING)),
    '### Options of the process',
    '`serve`, `demo` and `doctor` take all of them.',
    optionTable(uniqueOptions(commands, PROCESS_OPTIONS_HEADING)),
    '## Commands',
    ...commands.map(renderCommand),
  ].join('\n\n')}\n`
}

/** The commands that do something; the others are nouns that hold some. */
function leaves(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves)
}

function uniqueOptions(commands: readonly Command[], heading: string): readonly Option[] {
  const options = commands.flatMap(({ options }) =>
    options.filter((each) => each.helpGroupHeading === heading),
  )
  return [...new Map(options.map((option) => [option.flags, option])).values()]
}

function renderCommand(command: Command): string {
  const own = command.options.filter(({ helpGroupHeading }) => helpGroupHeading === undefined)
  const common = command.options.filter(({ helpGroupHeading }) => helpGroupHeading === COMMON_OPTIONS_HEADING)
  const takesProcess = command.options.some(
    ({ helpGroupHeading }) => helpGroupHeading === PROCESS_OPTIONS_HEADING,
  )
  const also = [
    ...common.map(({ long }) => `\`${long}\``),
    ...(takesProcess ? ['the [options of the process](#options-of-the-process)'] : []),
  ]
  const usage = [nameOf(command), ...command.registeredArguments.map(argumentText), '[options]'].join(' ')
  const listed = [
    ...command.registeredArguments.map((each) => [argumentText(each), described(each)] as const),
    ...own.map((each) => [each.flags, described(each)] as const),
  ]
  return [
    `### ${nameOf(command).replace('mintkeeper ', '')}`,
    command.description(),
    `\`\`\`\n${usage}\n\`\`\``,
    ...(listed.length === 0 ? [] : [namesTable(listed)]),
    ...(also.length === 0 ? [] : [`Also: ${also.join(', ')}.`]),
  ].join('\n\n')
}

function optionTable(options: readonly Option[]): string {
  return namesTable(options.map((each) => [each.flags, described(each)]))
}

function namesTable(rows: readonly (readonly [name: string, meaning: string])[]): string {
  return table(
    ['', ''],
    rows.map(([name, meaning]) => [`\`${name}\``, meaning]),
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

function described({ description, defaultValue }: Argument | Option): string {
  if (defaultValue === undefined || typeof defaultValue === 'boolean') return description
  return `${description} (default: ${defaultValue})`
}

function argumentText(argument: Argument): string {
  return argument.required ? `<${argument.name()}>` : `[${argument.name()}]`
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`
}
