import { describe } from 'vitest'
import { configuration, type Refusals, testRefusals, withUser } from './configurations.ts'

const circle: Record<string, unknown> = {}
circle.inner = { circle, list: [circle] }

const user = (key: string) => `tenants[0].users[0].${key}: `

const USERS: Refusals = {
  'no name': [withUser({ username: undefined }), `${user('username')}is missing`],
  'an empty name': [withUser({ username: '' }), `${user('username')}must not be empty`],
  'a name of two lines': [
    withUser({ username: 'a\nb' }),
    `${user('username')}must not contain control characters`,
  ],
  'an empty password': [withUser({ password: '' }), `${user('password')}must not be empty`],
  'a password that is a number': [
    withUser({ password: 12345678 }),
    `${user('password')}must be text: put the value in quotes`,
  ],
  'a password beside a hash': [
    withUser({ passwordHash: '$2a$05$x' }),
    `${user('passwordHash')}must not be there beside password`,
  ],
  'a hash of no known form': [
    withUser({ password: undefined, passwordHash: '5f4dcc3b' }),
    `${user('passwordHash')}must be a PHC string ($argon2id$…), a bcrypt hash ($2…) or authlogic_sha512:…`,
  ],
  'an id with a space': [
    withUser({ id: 'a b' }),
    `${user('id')}must be 1 to 255 printable ASCII characters without spaces`,
  ],
  'no e-mail address': [withUser({ email: 'jane' }), `${user('email')}must be an e-mail address`],
  'a role with a space': [
    withUser({ roles: ['a b'] }),
    `${user('roles[0]')}must be one role without spaces: list several as several entries`,
  ],
  'a role twice': [withUser({ roles: ['a', 'b', 'a'] }), `${user('roles[2]')}stands in the list twice`],
  'roles in one text': [withUser({ roles: 'admin' }), `${user('roles')}must be a list`],
  'several scopes in one': [
    withUser({ scopes: ['read write'] }),
    `${user('scopes[0]')}must be one scope without spaces: list several as several entries`,
  ],
  'reserved claims': [
    withUser({ claims: { sub: 'x', shop: 1, roles: [] } }),
    `${user('claims')}must not set sub, roles: the server sets that itself`,
  ],
  'claims that are a list': [
    withUser({ claims: [] }),
    `${user('claims')}must be a mapping of claim names to JSON values`,
  ],
  'a claim that is no JSON': [
    withUser({ claims: { a: 1, since: new Date(0) } }),
    `${user('claims')}must hold JSON values only; "since" is none, or is nested too deeply`,
  ],
  'a claim that is NaN': [
    withUser({ claims: { a: Number.NaN } }),
    `${user('claims')}must hold JSON values only; "a" is none, or is nested too deeply`,
  ],
  'a claim that contains itself': [
    withUser({ claims: { circle } }),
    `${user('claims')}must hold JSON values only; "circle" is none, or is nested too deeply`,
  ],
  'the claim __proto__': [
    withUser({ claims: JSON.parse('{"__proto__":1}') }),
    `${user('claims')}must not set __proto__`,
  ],
  'T089 500 roles': [
    withUser({ roles: Array.from({ length: 500 }, (_, index) => `role-${index}`) }),
    `${user('roles')}must be smaller: tokens have room for 2048 bytes of them as JSON, not for 5391`,
  ],
  'T089 claims of 3000 characters': [
    withUser({ claims: { pad: 'x'.repeat(3000) } }),
    `${user('claims')}must be smaller: tokens have room for 2048 bytes of them as JSON, not for 3010`,
  ],
  'a name twice, in another case': [
    configuration({ users: [{ username: 'Jane@example.com' }, { username: 'jane@EXAMPLE.com' }] }),
    'tenants[0].users[1].username: is the same as tenants[0].users[0].username',
  ],
  "another user's name as e-mail address": [
    configuration({
      users: [{ username: 'jane@example.com' }, { username: 'joe', email: 'JANE@example.com' }],
    }),
    'tenants[0].users[1].email: is the same as tenants[0].users[0].username',
  ],
  'an id twice': [
    configuration({
      users: [
        { username: 'jane', id: '7' },
        { username: 'joe', id: '7' },
      ],
    }),
    'tenants[0].users[1].id: is the same as tenants[0].users[0].id',
  ],
}

describe('users', () => testRefusals(USERS))
