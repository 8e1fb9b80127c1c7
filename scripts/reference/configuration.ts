import type { z } from 'zod'
import { CLIENT_SHAPE } from '../../src/config/client-schema.ts'
import { requireDocumentation, type Shape } from '../../src/config/option.ts'
import {
  environmentName,
  fallbackText,
  fileFlagName,
  flagName,
  PROCESS_OPTION_NAMES,
  type ProcessOptionName,
  processOption,
} from '../../src/config/process-options.ts'
import { CONFIG_VARIABLE } from '../../src/config/process-values.ts'
import { starterConfig } from '../../src/config/starter.ts'
import { SURFACE_SHAPES, SURFACES_SHAPE } from '../../src/config/surface-schema.ts'
import { TENANT_SHAPE } from '../../src/config/tenant-schema.ts'
import { UPSTREAM_SHAPE } from '../../src/config/upstream-schema.ts'
import { USER_SHAPE } from '../../src/config/user-schema.ts'

const EXAMPLE = starterConfig({
  tenant: 'shop',
  host: 'tokens.shop.example',
  user: null,
  clientSecret: '…',
  resourceServerSecret: '…',
})

/** docs/reference/configuration.md, from the schema. */
export function renderConfigurationReference(): string {
  return `${[
    '# Configuration',
    `A configuration file is YAML (or JSON): \`mintkeeper serve --config mintkeeper.yaml\`, or its path in \`${CONFIG_VARIABLE}\`. Without a file the tenants are those in the database.`,
    'Keys that are not listed here, keys that stand twice and bad values stop the start: every problem is printed, each with its line and path in the file, and the exit code is 78. Values that are allowed but unwise, such as short secrets, are warned about.',
    '## The process',
    'A flag counts before an environment variable, a variable before the file, the file before the default. An empty variable is as good as none. A variable that begins with `MINTKEEPER_` and is not listed here is refused; those that Kubernetes and Docker set for a service called `mintkeeper` are ignored.',
    processTable(),
    'A list in a flag or variable is separated by commas. Relative paths of a database, and of files named by flags and variables, begin at the working directory.',
    '### Secrets from files',
    'A variable that ends in `_FILE`, a flag that ends in `-file` and a key that ends in `File` name a file that holds the value; a line end at its end does not count. Keys in the configuration file, `passwordFile` and `secretFile` too, take paths relative to that file. A value and its file together are refused. The master key and the admin token have no flag of their own, because a command line can be read by other users of the machine.',
    processFileTable(),
    '## `tenants[]`',
    optionTable(TENANT_SHAPE),
    '## `tenants[].surfaces`',
    'A surface that is named is on, and `{}` or nothing after its name means its defaults; one that is not named is off. Without `surfaces` all are on.',
    optionTable(SURFACES_SHAPE),
    ...Object.entries(SURFACE_SHAPES).flatMap(([name, shape]) => [
      `### \`surfaces.${name}\``,
      optionTable(shape),
    ]),
    '### `upstream` of `surfaces.newstore` and `surfaces.spree`',
    'What becomes of users who are not here yet: [Move off NewStore](../guide/move-off-newstore.md#users-who-are-not-here-yet), [Move a Spree store](../guide/move-a-spree-store.md#5-users-who-are-not-here-yet). Without `upstream` nobody is asked, and with it removed nobody any more.',
    optionTable(UPSTREAM_SHAPE),
    'Times are whole seconds, from 1 to 315360000 (ten years); a `reuseWindow` is 0 to 3600.',
    '## `tenants[].users[]`',
    optionTable(USER_SHAPE),
    '## `tenants[].clients[]`',
    optionTable(CLIENT_SHAPE),
    '## Example',
    `\`\`\`yaml\n${EXAMPLE}\`\`\``,
  ].join('\n\n')}\n`
}

function processTable(): string {
  const rows = PROCESS_OPTION_NAMES.map((name) => {
    const { sentence, type } = processOption(name)
    const flag = flagName(name) ?? `${fileFlagName(name)}`
    return [code(keyOf(name)), code(environmentName(name)), code(flag), type, fallbackText(name), sentence]
  })
  return table(['key', 'environment', 'flag', 'value', 'default', 'meaning'], rows)
}

function processFileTable(): string {
  const rows = PROCESS_OPTION_NAMES.filter((name) => processOption(name).fromFile !== 'never').map((name) => {
    const isEverywhere = processOption(name).fromFile === 'always'
    const variable = `${environmentName(name)}_FILE`
    return [
      code(keyOf(name)),
      isEverywhere ? code(`${keyOf(name)}File`) : '',
      code(variable),
      isEverywhere ? code(`${fileFlagName(name)}`) : '',
    ]
  })
  return table(['value', 'key', 'environment', 'flag'], rows)
}

function keyOf(name: ProcessOptionName): string {
  const { section } = processOption(name)
  return section === null ? name : `${section}.${name}`
}

function optionTable(shape: Shape): string {
  const rows = Object.entries(shape).map(([key, schema]: [string, z.ZodType]) => {
    const { type, default: fallback, sentence } = requireDocumentation(key, schema)
    return [code(key), type, fallback, sentence]
  })
  return table(['key', 'value', 'default', 'meaning'], rows)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map(escaped).join(' | ')} |`)
    .join('\n')
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|')
}

function code(text: string): string {
  return `\`${text}\``
}
