import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONFIGURATION, createWorkplace, type RunningServer, type Workplace } from './workplace.ts'

const SECRET = 'canary-secret-of-the-sync-client-0123456789'

let place: Workplace
let server: RunningServer
beforeEach(async () => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
  server = await place.serve(['--admin-port', '0'])
})
afterEach(() => place.remove())

async function ask(path: string, body: string, headers: Readonly<Record<string, string>> = {}) {
  const answer = await fetch(server.url + path, { method: 'POST', body, headers })
  const id = answer.headers.get('x-request-id') ?? answer.headers.get('x-newstore-request-id') ?? ''
  return { id, status: answer.status, text: await answer.text() }
}

async function stop(): Promise<void> {
  server.child.kill('SIGTERM')
  expect((await server.ended).code).toBe(0)
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'sync/1.0' }

describe('why', () => {
  it('says why a request was refused while the server works, and after it was stopped', async () => {
    const secret = encodeURIComponent(`${SECRET}\n`)
    const body = `grant_type=client_credentials&client_id=sync&client_secret=${secret}`
    const { id, status } = await ask('/oauth/token', body, FORM)
    expect(status).toBe(401)
    await expect.poll(async () => (await place.run(['why', id])).code, { timeout: 20_000 }).toBe(0)
    const said = await place.run(['why', id])
    await stop()
    expect(await place.run(['why', id])).toMatchObject({ code: 0, stderr: '', stdout: said.stdout })
    expect(said.stdout).toBe(`The client was not authenticated.

request id      ${id}
at              ${/at +(\S+ \S+)\n/.exec(said.stdout)?.[1]}
answered        401 invalid_client (wrong_client_secret)
request         POST /oauth/token
host            ${new URL(server.url).host}
tenant          dodici
surface         standard
grant           client_credentials
client          sync
source          127.0.0.1
user agent      sync/1.0
content type    application/x-www-form-urlencoded
content length  ${body.length}
parameters      grant_type=client_credentials & client_id=sync & client_secret=[secret]

Why
  - None of the secrets of the client that are still valid.
  - The secret has white space around it, such as a line end; otherwise it would have been right.

What to do
  - Cut it off: a file ends with a line end that is none of it (\`tr -d "\\n"\`).

See RFC 6749 §2.3.
`)
    expect(place.databaseText()).not.toContain('canary')
    const json = await place.json(['why', id])
    expect(json).toMatchObject({ requestId: id, diagnosis: { facts: [{ fact: 'secret_mistake' }] } })
  })

  it('takes the id as it stands where clients see it', async () => {
    const { id, text } = await ask('/v0/token', 'grant_type=password&username=nobody&password=x', FORM)
    await stop()
    expect(JSON.parse(text).request_id).toBe(id)
    for (const argument of [id.toUpperCase(), text, `X-Newstore-Request-Id: ${id}`]) {
      expect((await place.json(['why', argument])).reason).toBe('unknown_user')
    }
  })

  it('lists the last ones, those that were for no tenant too', async () => {
    await ask('/oauth/token', '', FORM)
    const { id } = await ask('/OAuth/token', '', FORM)
    await stop()
    const { stdout } = await place.run(['why', '--last', '5'])
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^TIME +REQUEST ID +TENANT +SURFACE +WHO +SOURCE +REASON +MOST LIKELY$/)
    expect(lines[1]).toContain(` ${id} `)
    expect(lines[1]).toContain('The server has the path `/oauth/token`')
    expect(lines[2]).toMatch(/ missing_parameter +The parameter is|The body is empty/)
    expect(await place.json(['why', '--last', '1'])).toHaveLength(1)
  })

  it('names the hosts there are, where a request asked for another', async () => {
    await stop()
    place.write('mintkeeper.yaml', CONFIGURATION.replace('defaultTenant: dodici\n', ''))
    server = await place.serve(['--admin-port', '0'])
    const { id, status } = await ask('/oauth/token', '', FORM)
    await stop()
    const { stdout, stderr } = await place.run(['why', id])
    expect([status, stdout.includes('It asked for the host `127.0.0.1:')]).toEqual([404, true])
    expect(stderr).toBe('\nHosts of the tenants:\n  dodici: dodici.x.newstore.net\n')
    expect((await place.run(['why', id, '--tenant', 'dodici'])).code).toBe(1)
  })

  it('says why it may know nothing of a request', async () => {
    await stop()
    const unknown = await place.run(['why', '018f3c1e-0000-7000-8000-000000000001'])
    expect(unknown).toMatchObject({ code: 1, stdout: '' })
    for (const cause of ['was not refused', '7 days (refusalRetentionDays)', 'another database']) {
      expect(unknown.stderr).toContain(cause)
    }
    expect(unknown.stderr).not.toContain('too many at once')
    expect(await place.run(['why', 'nonsense'])).toMatchObject({ code: 2, stdout: '' })
    expect((await place.run(['why', 'nonsense'])).stderr).toContain('X-Request-Id')
    expect((await place.run(['why'])).code).toBe(2)
    expect((await place.run(['why', '--last', '3', '018f3c1e-0000-7000-8000-000000000001'])).code).toBe(2)
    const env = { MINTKEEPER_REFUSAL_RETENTION_DAYS: '0' }
    const off = await place.run(['why', '--last', '3'], { env })
    expect([off.code, off.stderr.includes('refusalRetentionDays is 0')]).toEqual([1, true])
  })

  it('T173 of a flood keeps some, and says how many it did not', async () => {
    const body = 'grant_type=client_credentials&client_id=nobody&client_secret=x'
    for (let count = 0; count < 40; count++) await ask('/oauth/token', body, FORM)
    const { id } = await ask('/oauth/token', body, FORM)
    await stop()
    const kept = await place.json(['why', '--last', '100'])
    expect(kept.length).toBeGreaterThanOrEqual(20)
    expect(kept.length).toBeLessThan(30)
    const { code, stderr } = await place.run(['why', id])
    expect(code).toBe(1)
    expect(stderr).toMatch(/one of too many at once: \d+ were not kept, the last of them in the minute of/)
  })
})
