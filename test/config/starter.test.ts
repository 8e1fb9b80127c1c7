import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DEMO_RESOURCE_SERVER_SECRET, demoConfig } from '../../src/config/demo.ts'
import { loadConfig, parseConfig } from '../../src/config/load.ts'
import { starterConfig } from '../../src/config/starter.ts'
import { SECRET } from './configurations.ts'

const NAMES = {
  tenant: 'shop',
  host: 'tokens.shop.example',
  clientSecret: SECRET,
  resourceServerSecret: `${SECRET}!`,
}

describe('the starter file', () => {
  it('is a valid configuration that nothing is to be said against', () => {
    const { config, warnings } = loadConfig({ text: starterConfig({ ...NAMES, user: null }), env: {} })
    expect(warnings).toEqual([])
    expect(config.tenants[0]).toMatchObject({
      id: 'shop',
      hosts: ['tokens.shop.example'],
      issuer: 'https://tokens.shop.example/',
      surfaces: { standard: {}, realm: {} },
      users: [],
      clients: [{ id: 'warehouse-sync' }, { id: 'orders-api', introspect: 'any' }],
    })
    expect(config.tenants[0]?.clients.map(({ secret }) => secret?.reveal())).toEqual([SECRET, `${SECRET}!`])
  })

  it('keeps every character of what it is given', () => {
    const user = { username: 'jane "j" doe', password: 'a\\b: #{c}\t*&!ü\u2028' }
    const { config } = loadConfig({ text: starterConfig({ ...NAMES, user }), env: {} })
    expect(config.tenants[0]?.users[0]?.username).toBe(user.username)
    expect(config.tenants[0]?.users[0]?.password?.reveal()).toBe(user.password)
  })

  it('is as valid with what is commented out', () => {
    const text = starterConfig({ ...NAMES, user: null }).replaceAll(
      /# (newstore:|spree:|users:| {2}- \{)/g,
      '$1',
    )
    const readFile = () => 'correct horse'
    const [tenant] = loadConfig({ text, env: {}, readFile }).config.tenants
    expect(Object.keys(tenant?.surfaces ?? {})).toEqual(['newstore', 'spree', 'standard', 'realm'])
    expect(tenant?.users).toHaveLength(1)
  })
})

describe('the demo', () => {
  const { config, warnings } = parseConfig(demoConfig(3000))
  const contract = readFileSync(new URL('fixtures/product.yaml', import.meta.url), 'utf8')
  const product = loadConfig({ text: contract, env: {} }).config

  it('is valid, answers every host, and keeps nothing', () => {
    expect(warnings).toEqual([])
    expect(config).toMatchObject({
      server: { host: '127.0.0.1', port: 3000 },
      defaultTenant: 'dodici',
      tenants: [{ issuer: 'http://localhost:3000/' }],
    })
    expect(config.database.reveal()).toBe('memory:')
    expect(config.tenants[0]?.clients[2]?.secret?.reveal()).toBe(DEMO_RESOURCE_SERVER_SECRET)
  })

  it('has the users and clients of the documents, with their passwords and secrets', () => {
    const [demo] = config.tenants
    const [example] = product.tenants
    const userOf = (tenant: typeof demo) =>
      tenant?.users.map(({ username, password, roles, claims }) => [
        username,
        password?.reveal(),
        roles,
        claims,
      ])
    expect(userOf(demo)).toEqual(userOf(example))
    expect(demo?.clients).toEqual(example?.clients)
    expect(demo?.clients.slice(0, 2).map(({ secret }) => secret?.reveal())).toEqual(
      example?.clients.slice(0, 2).map(({ secret }) => secret?.reveal()),
    )
  })
})
