import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { describeApi } from '../../src/admin/document.ts'
import { PROBLEMS } from '../../src/admin/problem.ts'
import { renderAdminApiReference } from '../../src/admin/reference.ts'
import { BASE, createAdminHarness, DESCRIBED, seen } from './harness.ts'

interface Node {
  readonly [member: string]: unknown
}

const document = JSON.parse(JSON.stringify(describeApi('1.2.3')))

function* walk(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return
  yield value as Node
  for (const child of Object.values(value)) yield* walk(child)
}

describe('the OpenAPI document', () => {
  it('is served to everybody', async () => {
    const { admin } = await createAdminHarness()
    const answer = await admin('GET', '/openapi.json', { token: null })
    expect([answer.status, answer.body]).toEqual([200, document])
    expect(answer.body).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } })
  })

  it('has no reference that leads nowhere', () => {
    const references = [...walk(document)].flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []))
    expect(references.length).toBeGreaterThan(20)
    for (const reference of references) {
      const name = reference.replace('#/components/schemas/', '')
      expect(document.components.schemas).toHaveProperty(name)
    }
  })

  it('names every operation once, and every parameter of its path', () => {
    const operations = Object.entries<Record<string, Node>>(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, operation })),
    )
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { path, operation } of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      const parameters = (operation.parameters ?? []) as readonly {
        in: string
        name: string
        required: boolean
      }[]
      const inPath = parameters.filter((parameter) => parameter.in === 'path')
      expect(inPath.map(({ name }) => name)).toEqual(named)
      expect(inPath.every(({ required }) => required)).toBe(true)
      expect(operation.summary).toMatch(/^[A-Z].*[^.]$/)
    }
  })

  it('needs the admin token for all but health and metrics', () => {
    expect(document.security).toEqual([{ adminToken: [] }])
    expect(document.components.securitySchemes.adminToken).toMatchObject({ type: 'http', scheme: 'bearer' })
    const open = Object.entries<Record<string, Node>>(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).flatMap(({ security }) => (security === undefined ? [] : [path])),
    )
    expect(open).toEqual(['/healthz', '/readyz', '/metrics'])
  })

  it('refuses unknown members in every body, and shows no hash in any answer', () => {
    for (const [name, schema] of Object.entries<Node>(document.components.schemas)) {
      const isInput = /Input|Patch|Revocation|KeyRotation/.test(name)
      expect([name, schema.additionalProperties]).toEqual([name, isInput ? false : undefined])
      const members = Object.keys((schema.properties ?? {}) as object)
      if (!isInput) expect(members.filter((member) => /hash|^password/i.test(member))).toEqual([])
      const shown = members.includes('secret') && !isInput
      expect([name, shown]).toEqual([name, /^Created|^MigratedIntegration$/.test(name)])
    }
  })

  it('says which body an operation takes in the words of the rules themselves', () => {
    const { UserInput, ClientInput, ClientPatch } = document.components.schemas
    expect(UserInput.required).toEqual(['username'])
    expect(UserInput.properties.claims).toMatchObject({ type: 'object', additionalProperties: true })
    expect(UserInput.properties.username).toMatchObject({ minLength: 1, maxLength: 255 })
    expect(ClientInput.properties.expiresIn).toMatchObject({ type: ['integer', 'null'], minimum: 1 })
    expect(Object.keys(ClientPatch.properties)).not.toContain('secret')
  })
})

it('every success that is described is answered so', async () => {
  const harness = await createAdminHarness()
  const { admin } = harness
  // Each answer is compared with its schema by the harness.
  await admin('GET', '/healthz')
  await admin('GET', '/readyz')
  await admin('GET', '/metrics')
  await admin('GET', '/admin/v1/tenants')
  const full = {
    id: 'u',
    username: 'u',
    password: 'secret',
    email: 'u@example.com',
    scopes: ['a'],
    claims: { a: [1] },
  }
  await admin('POST', `${BASE}/users`, { body: full })
  await admin('GET', `${BASE}/users`)
  await admin('GET', `${BASE}/users/u`)
  await admin('PATCH', `${BASE}/users/u`, { body: { disabled: false } })
  const { body } = await admin('POST', `${BASE}/clients`, {
    body: { id: 'c', expiresIn: 5, claims: { b: null } },
  })
  await admin('POST', `${BASE}/clients`, { body: { public: true } })
  await admin('GET', `${BASE}/clients`)
  await admin('GET', `${BASE}/clients/c`)
  await admin('PATCH', `${BASE}/clients/c`, { body: { name: 'C' } })
  for (const counted of ['users/u', 'clients/c', 'sources/192.0.2.1']) {
    await admin('GET', `${BASE}/${counted}/login-failures`)
    await admin('DELETE', `${BASE}/${counted}/login-failures`)
  }
  const secret = await admin('POST', `${BASE}/clients/c/secrets`, { body: { expiresIn: 60 } })
  await admin('PATCH', `${BASE}/clients/c/secrets/${secret.body.id}`, { body: { muted: true } })
  await admin('DELETE', `${BASE}/clients/c/secrets/${secret.body.id}`)
  const login = { grant_type: 'password', username: 'u', password: 'secret', scope: '' }
  expect((await harness.post('/spree_oauth/token', login)).status).toBe(200)
  const machine = { grant_type: 'client_credentials', client_id: 'c', client_secret: body.secret }
  expect((await harness.post('/spree_oauth/token', machine)).status).toBe(200)
  expect((await admin('GET', `${BASE}/tokens`)).body.items).toHaveLength(2)
  await harness.writeUsage()
  expect((await admin('GET', `${BASE}/usage`)).body.items).toHaveLength(2)
  const refused = await harness.post('/spree_oauth/token', { ...login, password: 'wrong' })
  await harness.writeRefusals()
  expect((await admin('GET', `${BASE}/refusals`)).body.items).toHaveLength(1)
  await admin('GET', `${BASE}/refusals/${refused.header('x-request-id')}`)
  await admin('POST', `${BASE}/revocations`, { body: { user: 'u', client: 'c' } })
  await harness.services.keys.ensure('dodici', 'EdDSA')
  await admin('POST', `${BASE}/keys/rotate`, { body: { algorithm: 'EdDSA', force: true } })
  const keys = await admin('GET', `${BASE}/keys`)
  await admin('POST', `${BASE}/keys/${keys.body.items[0].kid}/withdraw`)
  const brownOut = await admin('POST', `${BASE}/brown-outs`, {
    body: { surface: 'newstore', to: harness.now() + 60, users: ['u'] },
  })
  await admin('GET', `${BASE}/brown-outs`)
  await admin('POST', `${BASE}/integrations/u/migrate`, { body: { scopes: ['a'] } })
  await admin('GET', `${BASE}/integrations`)
  await admin('GET', `${BASE}/integrations/u`)
  await admin('POST', `${BASE}/integrations/u/finish`, { body: { force: true } })
  await admin('GET', `${BASE}/audit-events`)
  await admin('POST', `${BASE}/brown-outs/${brownOut.body.id}/end`)
  await admin('DELETE', `${BASE}/users/u`)
  await admin('DELETE', `${BASE}/clients/c`)
  const described = DESCRIBED.flatMap(({ method, path, responses }) =>
    Object.keys(responses)
      .filter((status) => status.startsWith('2'))
      .map((status) => `${method} ${path} ${status}`),
  )
  const successes = [...seen].filter((answer) => / 2\d\d$/.test(answer))
  expect(successes.toSorted()).toEqual(described.toSorted())
})

describe('docs/reference/admin-api.md', () => {
  const page = renderAdminApiReference()

  it('is what the document says', () => {
    const file = new URL('../../docs/reference/admin-api.md', import.meta.url)
    expect(readFileSync(file, 'utf8')).toBe(page)
  })

  it('has every operation, resource and problem, and no link that leads nowhere', () => {
    for (const { method, path } of DESCRIBED) expect(page).toContain(`### ${method} ${path}\n`)
    for (const name of Object.keys(document.components.schemas)) expect(page).toContain(`### ${name}\n`)
    for (const code of Object.keys(PROBLEMS)) expect(page).toContain(`\`urn:mintkeeper:problem:${code}\``)
    const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => text.toLowerCase())
    expect(new Set(headings).size).toBe(headings.length)
    for (const [, anchor] of page.matchAll(/\]\(#([^)]*)\)/g)) expect(headings).toContain(anchor)
  })
})
