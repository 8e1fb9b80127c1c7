/** Servers that a document starts, and the ports it then speaks of. */
import { join } from 'node:path'
import { findFreePort, ROOT, type RunningProgram, startProgram } from '../embed/program.ts'

export interface DocumentServer {
  /** The text with the ports that documents name replaced by those of this server. */
  withPorts(text: string): string
  stop(): Promise<number | null>
}

/** What documents write for the token plane and the control plane. */
const TOKEN_PORT = /\b8080\b/g
const ADMIN_PORT = /\b8081\b/g

/** Starts `demo` or `serve` as the document says, on ports that are free. */
export async function startDocumentServer(command: 'demo' | 'serve', cwd: string): Promise<DocumentServer> {
  const port = await findFreePort()
  const adminPort = await findFreePort()
  const program: RunningProgram = await startProgram({
    args: [join(ROOT, 'src', 'cli', 'main.ts'), command],
    cwd,
    env: { MINTKEEPER_PORT: String(port), MINTKEEPER_ADMIN_PORT: String(adminPort) },
    until: /"plane":"control"/,
  })
  return {
    withPorts: (text) => text.replaceAll(TOKEN_PORT, String(port)).replaceAll(ADMIN_PORT, String(adminPort)),
    stop: () => program.stop(),
  }
}
