import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** One session with a server, of somebody else: what it begins stays open, and what it locks stays locked. */
export interface Session {
  query(sql: string): Promise<readonly Record<string, unknown>[]>
  /** Asks until there is a row. */
  until(sql: string): Promise<void>
  end(): Promise<void>
}

export async function openSession(url: string): Promise<Session> {
  const client = new pg.Client({ connectionString: url, application_name: 'another program' })
  client.on('error', () => {})
  await client.connect()
  let last: Promise<unknown> = Promise.resolve()
  const query = async (sql: string) => {
    const result = last.then(() => client.query<Record<string, unknown>>(sql))
    last = result.catch(() => {})
    return (await result).rows ?? []
  }
  return {
    query,
    async until(sql) {
      while ((await query(sql)).length === 0) await sleep(5)
    },
    end: () => client.end(),
  }
}
