import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface CurlAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/** Runs curl as it is installed, with nothing of its user's configuration; the last answer counts. */
export async function curl(...args: readonly string[]): Promise<CurlAnswer> {
  const { stdout } = await run('curl', ['--disable', '--silent', '--show-error', '--include', ...args], {
    maxBuffer: 10 * 1024 * 1024,
  })
  return parseAnswer(stdout)
}

/** Skips the interim answers, such as `100 Continue`. */
function parseAnswer(text: string): CurlAnswer {
  const end = text.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const status = Number(statusLine.split(' ')[1])
  if (status < 200) return parseAnswer(text.slice(end + 4))
  const headers = new Headers()
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  return { status, headers, body: text.slice(end + 4) }
}
