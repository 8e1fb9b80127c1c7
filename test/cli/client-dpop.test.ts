import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { proofClaims, signProof } from '../crypto/proofs.ts'
import { CONFIGURATION, createWorkplace, type RunningServer, type Workplace } from './workplace.ts'

let place: Workplace
let server: RunningServer
let endpoint: string
beforeAll(async () => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
  server = await place.serve(['--admin-port', '0'])
  const metadata = await fetch(`${server.url}/.well-known/oauth-authorization-server`)
  endpoint = ((await metadata.json()) as { token_endpoint: string }).token_endpoint
})
afterAll(() => place.remove())

const SECRET = 'canary-secret-from-a-file-0123456789abcdef'

async function ask(proof: string | null): Promise<unknown> {
  const form = { grant_type: 'client_credentials', client_id: 'till', client_secret: SECRET }
  const response = await fetch(`${server.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers: proof === null ? {} : { DPoP: proof },
  })
  const { error, token_type } = (await response.json()) as Record<string, unknown>
  return error ?? token_type
}

const proof = () => signProof(proofClaims(endpoint, Math.floor(Date.now() / 1000)))

it('a client is given no tokens without a proof, and given them again, by its card and over HTTP', async () => {
  place.write('secret', SECRET)
  const create = ['client', 'create', 'till', '--secret-file', 'secret', '--dpop-bound-access-tokens']
  expect((await place.run(create)).stdout).toMatch(/^access token +jwt, bound to a key$/m)
  expect([await ask(null), await ask(await proof())]).toEqual(['invalid_dpop_proof', 'DPoP'])

  const off = await place.run(['client', 'require-dpop', 'till', '--off'])
  expect([off.code, off.stdout]).toEqual([0, expect.stringMatching(/^access token +jwt$/m)])
  expect([await ask(null), await ask(await proof())]).toEqual(['Bearer', 'DPoP'])

  const on = await place.run(['client', 'require-dpop', 'till', '--json'])
  expect(JSON.parse(on.stdout)).toMatchObject({ id: 'till', dpopBoundAccessTokens: true })
  expect([await ask(null), await ask(await proof())]).toEqual(['invalid_dpop_proof', 'DPoP'])

  const issue = await place.run(['token', 'issue', '--surface', 'standard', '--client', 'till'])
  expect([issue.code, issue.stderr]).toEqual([1, expect.stringContaining('which only its own key can make')])
  const nobody = await place.run(['client', 'require-dpop', 'nobody'])
  expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining('has no client nobody')])
})

it('two DPoP headers are refused', async () => {
  // `fetch` would make one of them.
  const { hostname, port, host } = new URL(server.url)
  const body = `grant_type=client_credentials&client_id=till&client_secret=${SECRET}`
  const head = [
    'POST /oauth/token HTTP/1.1',
    `Host: ${host}`,
    'Connection: close',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
    `DPoP: ${await proof()}`,
    `DPoP: ${await proof()}`,
  ]
  const socket = connect(Number(port), hostname)
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  const chunks: Uint8Array[] = []
  for await (const chunk of socket) chunks.push(chunk)
  const answer = Buffer.concat(chunks).toString()
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect(answer).toContain('"invalid_dpop_proof"')
})
