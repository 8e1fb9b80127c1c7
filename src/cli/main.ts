/** The entry: `node src/cli/main.ts COMMAND …`, `npx mintkeeper COMMAND …`. */
import { runCommandLine } from './program.ts'
import { processTerminal } from './terminal.ts'

const exitCode = await runCommandLine(process.argv.slice(2), processTerminal())
if (exitCode !== null) process.exitCode = exitCode
