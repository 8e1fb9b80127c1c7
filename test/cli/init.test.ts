import { statSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWorkplace, post, type Workplace } from './workplace.ts'

describe('init', () => {
  let place: Workplace
  beforeEach(() => {
    place = createWorkplace()
  })
  afterEach(() => place.remove())

  it('writes a file that serve runs with, and whose client gets a token', async () => {
    const init = await place.run(['init'])
    expect(init).toMatchObject({ code: 0, stdout: 'Wrote mintkeeper.yaml.\n' })
    const curl = /-u '([^:]+):([^']+)'/.exec(init.stderr)
    const server = await place.serve(['--admin-port', '0'])
    // The host of the file; the address of the server is another one.
    const named = server.url.replace('127.0.0.1', 'localhost')
    const form = {
      grant_type: 'client_credentials',
      client_id: curl?.[1] ?? '',
      client_secret: curl?.[2] ?? '',
    }
    const answer = await post(`${named}/oauth/token`, form)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ token_type: 'Bearer', scope: 'read write' })
  })

  it('lets only the owner read the file', async () => {
    await place.run(['init', 'a.yaml'])
    expect(statSync(place.path('a.yaml')).mode & 0o777).toBe(0o600)
  })

  it('overwrites nothing', async () => {
    place.write('mintkeeper.yaml', 'mine')
    const { code, stdout, stderr } = await place.run(['init'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toBe(
      'mintkeeper: mintkeeper.yaml exists. Remove it first, or name another file: mintkeeper init FILE\n',
    )
    expect(place.read('mintkeeper.yaml')).toBe('mine')
  })

  it('draws other secrets each time', async () => {
    const one = await place.json(['init', 'one.yaml'])
    const other = await place.json(['init', 'other.yaml'])
    expect(one.client.secret).toMatch(/^mkcs_\w{49}$/)
    expect(one.client.secret).not.toBe(other.client.secret)
    expect(place.read('one.yaml')).toContain(one.client.secret)
  })

  it('adds a user whose password is shown', async () => {
    const { user } = await place.json([
      'init',
      '--user',
      'jane@example.com',
      '--tenant',
      'shop',
      '--host',
      'shop.example',
    ])
    expect(user).toEqual({ username: 'jane@example.com', password: expect.stringMatching(/^[\w-]{24}$/) })
    const text = place.read('mintkeeper.yaml')
    for (const part of [
      '"shop"',
      '"shop.example"',
      'https://shop.example/',
      'jane@example.com',
      user.password,
    ]) {
      expect(text).toContain(part)
    }
  })

  it.each([
    [['--tenant', 'Not A Tenant'], 'tenants[0].id'],
    [['--host', 'https://x.example'], 'tenants[0].hosts[0]'],
    [['--user', ''], 'tenants[0].users[0].username'],
  ])('refuses %j as usage, and writes nothing', async (args, path) => {
    const { code, stdout, stderr } = await place.run(['init', ...args])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(path)
    expect(() => place.read('mintkeeper.yaml')).toThrow('ENOENT')
  })

  it('says which directory is missing', async () => {
    const { code, stderr } = await place.run(['init', 'nowhere/a.yaml'])
    expect(code).toBe(1)
    expect(stderr).toContain('There is no directory nowhere.')
  })
})
