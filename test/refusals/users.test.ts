/** Why users are not let in. Nothing is told of names that nobody has. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWorld, type Form, NOW, PASSWORD, REALM, SECRET, STORES, type World } from './world.ts'

let serial = 0

const PATHS = [['/oauth/token'], [`${REALM}/token`], ['/spree_oauth/token'], ['/v0/token']] as const

describe.each(Object.entries(STORES))('on %s', (_, open) => {
  let world: World
  beforeAll(async () => {
    world = await createWorld(open)
  })
  afterAll(() => world.close())

  describe.each(PATHS)('at %s', (path) => {
    const login = (username: string, password: string, source = `192.0.2.${++serial % 250}`) =>
      world.harness.send({
        path,
        source,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          ...{ grant_type: 'password', username, password },
          ...(path === '/v0/token' ? {} : ({ client_id: 'shop', client_secret: SECRET } as Form)),
        }).toString(),
      })

    test.each([
      ['a space', 'ann ', 'user_like', 'white space'],
      ['capitals', 'Ann', 'user_like', 'capital letters'],
      ['nothing but space', ' ', 'user_name_mistake', 'empty'],
      ['a variable', '%USERNAME%', 'user_name_mistake', 'nobody has filled in'],
      ['the id of a client', 'shop', 'user_is_client', 'client_credentials'],
      ['a name of another tenant', 'carol', 'user_elsewhere', 'Another tenant'],
    ])('a name with %s', async (_what, username, fact, says) => {
      const { diagnosis, reason } = await world.why(await login(username, PASSWORD))
      expect(reason).toBe('unknown_user')
      expect(diagnosis.facts).toMatchObject([{ fact }])
      expect(JSON.stringify(diagnosis)).toContain(says)
    })

    test('a name that holds a NUL once it is decoded again', async () => {
      expect(await world.facts(await login('ann%00', 'x%00'))).toEqual([])
    })

    test('a name that nobody has, such as a password', async () => {
      const refusal = await world.why(await login('secret-in-the-wrong-field', 'ann'))
      expect(refusal).toMatchObject({ user: null, diagnosis: { facts: [] } })
      expect(JSON.stringify(refusal)).not.toContain('secret-in')
    })

    test.each([
      ['a line end', `${PASSWORD}\n`, ['password_mistake']],
      ['an encoding too many', encodeURIComponent(PASSWORD), ['password_mistake']],
      ['nothing wrong but all', 'wrong', []],
    ])('a password with %s', async (_what, password, facts) => {
      const refusal = await world.why(await login('ann', password))
      expect(refusal.reason).toBe('wrong_password')
      expect(refusal.diagnosis.facts.map(({ fact }) => fact)).toEqual(facts)
      expect(refusal.request.parameters).toContainEqual({ name: 'password', value: '[secret]' })
      expect(refusal.request.parameters).toContainEqual({
        name: 'username',
        value: `[the user ${refusal.user}]`,
      })
    })

    test('a user who is blocked: until when', async () => {
      const source = `198.51.100.${++serial}`
      for (let failure = 0; failure < 5; failure++) await login('ann', 'wrong', source)
      const { reason, diagnosis } = await world.why(await login('ann', PASSWORD, source))
      expect(reason).toBe('login_blocked')
      // Five failures run out in a quarter of an hour, one each 180 s.
      const until = new Date((NOW + 180) * 1000).toISOString().replace('T', ' ').replace('.000', '')
      expect(diagnosis.facts[0]?.says).toBe(
        `The user is blocked until ${until} at least, if nothing more fails.`,
      )
      expect(diagnosis.next[0]).toContain('mintkeeper user unlock')
    })
  })
})
