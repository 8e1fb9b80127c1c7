/** Who is here is decided here: the old server undoes nothing. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { setPassword, updateUser } from '../../src/admin/operations/users.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { TENANT } from '../harness.ts'
import {
  addAnn,
  login,
  type NewServer,
  noteOf,
  type OldServer,
  PASSWORD,
  reasonOf,
  refresh,
  SUB,
  startNew,
  startOld,
} from './old-server.ts'

const ANN = { id: SUB, username: 'ann@example.com', email: 'ann@example.com' }

let old: OldServer
let here: NewServer
beforeEach(async () => {
  old = await startOld()
  await addAnn(old)
  here = startNew(old.url)
})

const statusOf = async (answer: ReturnType<typeof login>) => (await answer).status
/** What the admin API does to users. */
async function operations() {
  await here.store.saveTenant(TENANT)
  return { ...here.services }
}

describe('nobody is asked about a user', () => {
  afterEach(() => expect(old.asked).toEqual([]))

  test('who has a password here', async () => {
    await here.user({ ...ANN, password: 'another password' })
    expect(await statusOf(login(here))).toBe(403)
    expect(await statusOf(login(here, ANN.username, 'another password'))).toBe(200)
  })

  test('who is disabled, with a password or without', async () => {
    await here.user({ ...ANN, password: null, disabled: true })
    await here.user({ username: 'bob', password: PASSWORD, disabled: true })
    expect(await statusOf(login(here))).toBe(403)
    expect(await statusOf(login(here, 'bob'))).toBe(403)
    expect(reasonOf(here)).toBe('user_disabled')
  })

  test('who is blocked here', async () => {
    here = startNew(old.url, { loginFailures: { perUser: 2 } })
    await here.user({ ...ANN, password: 'another password' })
    for (let time = 0; time < 3; time++) await login(here, ANN.username, 'wrong')
    expect(reasonOf(here)).toBe('login_blocked')
  })

  test('who lacks a role that the surface asks for', async () => {
    here = startNew(old.url, { surfaceSettings: { requiredRoles: ['staff'] } })
    await here.user({ ...ANN, password: null, roles: [] })
    expect(await statusOf(login(here))).toBe(403)
    expect(reasonOf(here)).toBe('user_lacks_role')
  })

  test('whose password was taken away here', async () => {
    await here.user({ ...ANN, password: 'another password' })
    await setPassword(await operations(), 'dodici', SUB, null)
    here.advance(1)
    expect(await statusOf(login(here))).toBe(403)
    expect(reasonOf(here)).toBe('user_has_no_password')
  })

  test('who was learned, and has a new password since', async () => {
    expect(await statusOf(login(here))).toBe(200)
    await setPassword(await operations(), 'dodici', SUB, 'a new password of Ann')
    here.advance(1)
    old.asked.length = 0
    expect(await statusOf(login(here))).toBe(403)
    expect(await statusOf(login(here, ANN.username, 'a new password of Ann'))).toBe(200)
  })

  test('without a name or a password, and for what is no password grant', async () => {
    for (const form of [{ username: '' }, { password: '' }, { grant_type: 'client_credentials' }]) {
      expect(await statusOf(login(here, ANN.username, PASSWORD, form))).toBe(400)
    }
  })

  test('where users are not asked about, and where nobody is', async () => {
    for (const settings of [{ users: false }, { users: false, tokens: false }]) {
      here = startNew(old.url, { settings })
      expect(await statusOf(login(here))).toBe(403)
      expect(reasonOf(here)).toBe('unknown_user')
    }
  })
})

describe('a user who came without a password', () => {
  test('is given the one that the old server finds right, and stays who they are', async () => {
    await here.user({ ...ANN, password: null, roles: ['other'], claims: { region: 'us' } })
    expect(await statusOf(login(here))).toBe(200)
    expect(noteOf(here)).toBe('upstream, user learned')
    await old.close()
    expect(await statusOf(login(here))).toBe(200)
    expect(await here.store.findUser('dodici', SUB)).toMatchObject({
      ...{ roles: ['other'], claims: { region: 'us' }, version: 2 },
    })
  })

  test('is not given one that it refuses', async () => {
    await here.user({ ...ANN, password: null })
    expect(await statusOf(login(here, ANN.username, 'wrong'))).toBe(403)
    expect(await here.store.findUser('dodici', SUB)).toMatchObject({ passwordHash: null, version: 1 })
  })

  test('is not given that of somebody else who has the name there', async () => {
    await here.user({ ...ANN, id: 'somebody-else', password: null })
    expect(await statusOf(login(here))).toBe(403)
    expect(reasonOf(here)).toBe('upstream_other_user')
    expect(await here.store.findUser('dodici', 'somebody-else')).toMatchObject({ passwordHash: null })
  })
})

test('a name that is somebody’s here is not the way in for somebody else', async () => {
  await here.user({ ...ANN, id: 'somebody-else', password: null })
  await here.user({ id: SUB, username: 'till-10', password: PASSWORD })
  expect(await statusOf(login(here))).toBe(403)
  expect(reasonOf(here)).toBe('upstream_other_user')
})

describe('a user who is here under another name', () => {
  const known = { id: SUB, username: 'till-10', email: null }

  test('gets the further name, with the password of here', async () => {
    await here.user({ ...known, password: PASSWORD })
    expect(await statusOf(login(here))).toBe(200)
    await old.close()
    expect(await statusOf(login(here))).toBe(200)
    expect(await statusOf(login(here, 'till-10'))).toBe(200)
    expect(await here.store.findUser('dodici', SUB)).toMatchObject({ ...known, email: 'ann@example.com' })
  })

  test('who has an address gets a name', async () => {
    await old.harness.store.deleteUser('dodici', SUB)
    await old.harness.user({ username: 'till-10', id: `${SUB}0`, password: PASSWORD })
    await here.user({ ...ANN, id: `${SUB}0`, password: PASSWORD })
    expect(await statusOf(login(here, 'till-10'))).toBe(200)
    expect(await here.store.findUser('dodici', `${SUB}0`)).toMatchObject({
      ...{ username: 'till-10', email: 'ann@example.com' },
    })
  })

  test('is refused with a password that is not the one of here any more', async () => {
    await here.user({ ...known, password: 'a new password' })
    expect(await statusOf(login(here))).toBe(403)
    expect(reasonOf(here)).toBe('wrong_password')
  })

  test('is refused when disabled, or when the password was taken away', async () => {
    await here.user({ ...known, password: PASSWORD })
    await updateUser(await operations(), 'dodici', SUB, { disabled: true })
    here.advance(1)
    expect(await statusOf(login(here))).toBe(403)
    expect(reasonOf(here)).toBe('user_disabled')
    await updateUser(await operations(), 'dodici', SUB, { disabled: false, password: null })
    here.advance(1)
    expect(await statusOf(login(here))).toBe(403)
    expect(reasonOf(here)).toBe('user_has_no_password')
  })
})

test('a user who was deleted here does not come back', async () => {
  await login(here)
  await here.store.deleteUser('dodici', SUB)
  expect(await statusOf(login(here))).toBe(403)
  expect(reasonOf(here)).toBe('user_deleted')
  expect(await here.store.findUser('dodici', SUB)).toBeNull()
})

describe('nor does a user who was deleted here', () => {
  beforeEach(async () => {
    await login(here)
    await here.store.deleteUser('dodici', SUB)
  })

  test('by a name that nobody can have here', async () => {
    // Rails takes the white space away.
    const ann = await old.harness.store.findCurrentUser('dodici', SUB)
    if (ann === null) throw new Error('no user')
    await old.harness.store.updateUser({ ...ann, username: ' ann@example.com' })
    expect(await statusOf(login(here, ' ann@example.com'))).toBe(403)
    expect(reasonOf(here)).toBe('user_deleted')
  })

  test('while nobody can be learned', async () => {
    here.store.importUsers = async () => {
      throw new StoreUnavailable('the disk is full')
    }
    expect(await statusOf(login(here))).toBe(403)
    expect(reasonOf(here)).toBe('user_deleted')
  })

  test('by a refresh token of the old server that tells whose it is', async () => {
    const { refresh_token: token } = (await login(old.harness)).json()
    expect(await statusOf(refresh(here, token))).toBe(403)
    expect(reasonOf(here)).toBe('user_deleted')
  })
})

test('nobody is made who has the id of a client', async () => {
  await here.client({ id: SUB })
  expect(await statusOf(login(here))).toBe(403)
  expect(reasonOf(here)).toBe('upstream_other_user')
})

test('a role that the surface asks for is asked for of strangers, too', async () => {
  here = startNew(old.url, { surfaceSettings: { requiredRoles: ['staff'] } })
  expect(await statusOf(login(here))).toBe(403)
  expect(reasonOf(here)).toBe('user_lacks_role')
  expect(await here.store.findUser('dodici', SUB)).toBeNull()
  here = startNew(old.url, { surfaceSettings: { requiredRoles: ['newstore_admin'] } })
  expect(await statusOf(login(here))).toBe(200)
})

test('a brown-out of a user is one of who comes from there as well', async () => {
  const brownOut = { from: here.now(), to: here.now() + 60, users: ['ann@example.com'] }
  here = startNew(old.url, { surfaceSettings: { brownOuts: [brownOut] } })
  expect((await login(here)).header('retry-after')).toBe('60')
  expect(reasonOf(here)).toBe('brown_out')
})

describe('a refresh token that is not here', () => {
  const token = async () => (await login(old.harness)).json().refresh_token

  test('is decided by the old server, and its answer sent', async () => {
    const response = await refresh(here, await token())
    expect(response.status).toBe(200)
    expect(noteOf(here)).toBe('upstream')
    expect(old.asked).toEqual(['POST /v0/refresh_token'])
    expect((await refresh(here, response.json().refresh_token)).status).toBe(200)
  })

  test('that the old server does not know either is refused as any other', async () => {
    const own = startNew(old.url, { settings: { tokens: false } })
    const headers = { 'x-request-id': '6d7c1a70-3f8f-4a54-9d7c-2f0f8f3b3b11' }
    const form = { grant_type: 'refresh_token', refresh_token: 'x'.repeat(45) }
    const [expected, found] = [
      await own.post('/v0/refresh_token', form, headers),
      await here.post('/v0/refresh_token', form, headers),
    ]
    expect([found.status, found.headers, found.body]).toEqual([
      ...[expected.status, expected.headers, expected.body],
    ])
    expect([reasonOf(own), reasonOf(here)]).toEqual(['unknown_refresh_token', 'upstream_refused'])
    expect(old.asked).toHaveLength(1)
  })

  test('is not asked about if it can be none', async () => {
    for (const odd of ['x'.repeat(513), 'with spaces', 'é', '\u{1f600}', 'line\r\nend', 'eyJh.e30.c2ln']) {
      expect(await statusOf(refresh(here, odd))).toBe(403)
      expect(reasonOf(here)).toBe('unknown_refresh_token')
    }
    expect(old.asked).toEqual([])
  })

  test('of a user who is disabled here, or whose tokens were ended, is refused', async () => {
    await here.user({ ...ANN, password: PASSWORD })
    const presented = await token()
    expect((await refresh(here, presented)).status).toBe(200)
    expect(here.entries.at(-1)?.user).toBe(SUB)
    await setPassword(await operations(), 'dodici', SUB, 'a new password of Ann')
    here.advance(1)
    expect((await refresh(here, presented)).status).toBe(403)
    expect(reasonOf(here)).toBe('revoked_for_user')
    await updateUser(await operations(), 'dodici', SUB, { disabled: true })
    here.advance(1)
    expect((await refresh(here, presented)).status).toBe(403)
    expect(reasonOf(here)).toBe('user_disabled')
  })

  test('is not asked about if it is one of ours, of whatever kind, state or tenant', async () => {
    await here.user({ ...ANN, password: PASSWORD })
    const { access_token, refresh_token } = (await login(here)).json()
    expect((await refresh(here, access_token)).status).toBe(403)
    await updateUser(await operations(), 'dodici', SUB, { disabled: true })
    here.advance(1)
    expect((await refresh(here, refresh_token)).status).toBe(403)
    expect(old.asked).toEqual([])
  })
})
