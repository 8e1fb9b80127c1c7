/** A connection on which one request follows the other, each in bytes; a new one whenever the server ends it. */
import type { Duplex } from 'node:stream'

export interface Answer {
  readonly status: number
  /** In the server's letters, without those that are the connection's. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Lane {
  /** Null: the server ended the connection without a word. */
  exchange(request: Buffer, method: string): Promise<Answer | null>
  close(): void
}

export function createLane(connect: () => Duplex): Lane {
  let socket: Duplex | null = null

  return {
    async exchange(request, method) {
      // Cut off after its answer is no matter.
      socket ??= connect().on('error', () => {})
      const connection = socket
      connection.write(request)
      const { answer, ends } = await readAnswer(connection, method)
      if (ends) {
        socket = null
        connection.destroy()
      }
      return answer
    },
    close: () => void socket?.destroy(),
  }
}

interface Read {
  readonly answer: Answer | null
  /** Nothing more may be sent. */
  readonly ends: boolean
}

/** Nothing that is asked here takes as long, but for an answer that never comes. */
const LONGEST_MS = 20_000

function readAnswer(connection: Duplex, method: string): Promise<Read> {
  return new Promise((resolve, reject) => {
    const bound = setTimeout(() => reject(new Error('no answer')), LONGEST_MS)
    let received: Buffer = Buffer.of()
    const settle = (read: Read) => {
      clearTimeout(bound)
      connection.off('data', look).off('end', ended).off('close', ended).off('error', ended)
      resolve(read)
    }
    const ended = () => settle({ answer: parseAnswer(received, method)?.answer ?? null, ends: true })
    const look = (piece: Buffer) => {
      received = received.length === 0 ? piece : Buffer.concat([received, piece])
      const read = parseAnswer(received, method)
      if (read !== null) settle(read)
    }
    connection.on('data', look).on('end', ended).on('close', ended).on('error', ended)
  })
}

const CONNECTION = new Set(['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding'])

/** Null: it has not come to its end. */
function parseAnswer(received: Buffer, method: string): Read | null {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return null
  const [first = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1])
  const rest = received.subarray(end + 4)
  if (status >= 100 && status < 200) return parseAnswer(rest, method)
  const headers: Record<string, string> = {}
  let length = 0
  let ends = false
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    const value = line.slice(colon + 1).trim()
    if (name.toLowerCase() === 'content-length') length = Number(value)
    if (name.toLowerCase() === 'connection') ends = value.toLowerCase() === 'close'
    if (!CONNECTION.has(name.toLowerCase())) headers[name] = value
  }
  if (method === 'HEAD') length = 0
  if (rest.length < length) return null
  return { answer: { status, headers, body: rest.subarray(0, length).toString() }, ends }
}

/** Sends what may be no request, says that there will be no more, and resolves with all that comes back. */
export function lastWords(connection: Duplex, bytes: Buffer): Promise<string> {
  const pieces: Buffer[] = []
  connection.on('data', (piece: Buffer) => pieces.push(piece))
  connection.on('error', () => {})
  return new Promise((resolve, reject) => {
    const bound = setTimeout(() => reject(new Error('the connection stays open')), LONGEST_MS)
    connection.on('close', () => {
      clearTimeout(bound)
      resolve(Buffer.concat(pieces).toString())
    })
    connection.end(bytes)
  })
}
