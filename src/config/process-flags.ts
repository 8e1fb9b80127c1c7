import {
  environmentName,
  fallbackText,
  fileFlagName,
  flagName,
  PROCESS_OPTION_NAMES,
  processOption,
} from './process-options.ts'

/** A flag of the process as a command-line parser wants it. */
export interface ProcessFlag {
  /** `--admin-port <PORT>` */
  readonly flag: string
  /** What the parser calls it and `loadConfig({ flags })` reads: `adminPort`. */
  readonly name: string
  readonly description: string
}

/** The flags that every command with a configuration takes, in the order of the reference page. */
export function processFlags(): readonly ProcessFlag[] {
  return PROCESS_OPTION_NAMES.map((name) => {
    const { sentence, metavar } = processOption(name)
    const fileFlag = fileFlagName(name)
    const note = `(${environmentName(name)}${fileFlag === null ? '' : '_FILE'}; default: ${fallbackText(name)})`
    const description = `${sentence} ${note}`.replaceAll('`', '')
    if (fileFlag === null) return { flag: `${flagName(name)} <${metavar}>`, name, description }
    return {
      flag: `${fileFlag} <FILE>`,
      name: `${name}File`,
      description: `File that holds it. ${description}`,
    }
  })
}
