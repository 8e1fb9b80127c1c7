import { describe } from 'vitest'
import { configuration, lifetime, type Refusals, SECRET, testRefusals, withClient } from './configurations.ts'

const client = (key: string) => `tenants[0].clients[0].${key}: `

const ED = { kty: 'OKP', crv: 'Ed25519', kid: 'ed', x: 'A'.repeat(43) }

const CLIENTS: Refusals = {
  'no id': [withClient({ id: undefined }), `${client('id')}is missing`],
  'an id with a space': [
    withClient({ id: 'a b' }),
    `${client('id')}must be 1 to 255 printable ASCII characters without spaces and "|"`,
  ],
  'an id with |': [
    withClient({ id: 'auth0|1' }),
    `${client('id')}must be 1 to 255 printable ASCII characters without spaces and "|"`,
  ],
  'an id beyond ASCII': [
    withClient({ id: 'ä' }),
    `${client('id')}must be 1 to 255 printable ASCII characters without spaces and "|"`,
  ],
  'no secret': [
    withClient({ secret: undefined }),
    `${client('secret')}is missing: give secret, secretFile or jwks, or make the client public`,
  ],
  'an empty secret': [withClient({ secret: '' }), `${client('secret')}must not be empty`],
  'a public client with a secret': [
    withClient({ public: true, grants: [] }),
    `${client('secret')}must not be there: the client is public, and can keep no secret`,
  ],
  'a public client with keys': [
    withClient({ public: true, secret: undefined, grants: [], jwks: { keys: [ED] } }),
    `${client('jwks')}must not be there: the client is public, and can keep no private key`,
  ],
  'keys that are no JWK Set': [
    withClient({ jwks: [ED] }),
    `${client('jwks')}must be a JWK Set: an object with a list of keys (RFC 7517 §5)`,
  ],
  'a private key': [
    withClient({ jwks: { keys: [{ ...ED, d: 'canary' }] } }),
    `${client('jwks.keys[0]')}must be a public key: this one is private or symmetric, and is to be treated as exposed`,
  ],
  'two keys of one kid': [
    withClient({ jwks: { keys: [ED, ED] } }),
    `${client('jwks.keys[0].kid')}must be there, and no other key have it`,
    `${client('jwks.keys[1].kid')}must be there, and no other key have it`,
  ],
  'a public client with client_credentials': [
    withClient({ public: true, secret: undefined, grants: ['password', 'client_credentials'] }),
    `${client('grants[1]')}must not be client_credentials: the client is public, and has no credentials (RFC 6749 §4.4)`,
  ],
  'a public client that introspects': [
    withClient({ public: true, secret: undefined, grants: [], introspect: 'any' }),
    `${client('introspect')}must not be any: the client is public, so anybody could introspect`,
  ],
  'an unknown grant': [
    withClient({ grants: ['implicit'] }),
    `${client('grants[0]')}must be password, client_credentials or refresh_token, not "implicit"`,
  ],
  'a scope with a backslash': [
    withClient({ scopes: ['read', 'a\\b'] }),
    `${client('scopes[1]')}must be a scope: printable ASCII without quotes and backslashes (RFC 6749 §3.3)`,
  ],
  'an empty scope': [
    withClient({ scopes: [''] }),
    `${client('scopes[0]')}must be a scope: printable ASCII without quotes and backslashes (RFC 6749 §3.3)`,
  ],
  'another token format': [
    withClient({ accessToken: 'JWT' }),
    `${client('accessToken')}must be jwt or opaque, not "JWT"`,
  ],
  'another kind of introspection': [
    withClient({ introspect: true }),
    `${client('introspect')}must be own or any`,
  ],
  'T056 a life of 0': [withClient({ expiresIn: 0 }), client('expiresIn') + lifetime('0')],
  'a reserved claim': [
    withClient({ claims: { client_id: 'x' } }),
    `${client('claims')}must not set client_id: the server sets that itself`,
  ],
  'T089 500 roles': [
    withClient({ roles: Array.from({ length: 500 }, (_, index) => `role-${index}`) }),
    `${client('roles')}must be smaller: tokens have room for 2048 bytes of them as JSON, not for 5391`,
  ],
  'T089 claims of 3000 characters': [
    withClient({ claims: { pad: 'x'.repeat(3000) } }),
    `${client('claims')}must be smaller: tokens have room for 2048 bytes of them as JSON, not for 3010`,
  ],
  'an id twice': [
    configuration({
      clients: [
        { id: 'c', secret: SECRET },
        { id: 'c', public: true },
      ],
    }),
    'tenants[0].clients[1].id: is the same as tenants[0].clients[0].id',
  ],
  "a user's id": [
    configuration({ users: [{ username: 'jane', id: 'c' }], clients: [{ id: 'c', secret: SECRET }] }),
    'tenants[0].users[0].id: is the same as tenants[0].clients[0].id',
  ],
}

describe('clients', () => testRefusals(CLIENTS))
