import { addressOrNetwork } from './network-values.ts'
import { setOf } from './option.ts'
import type { ProcessOption } from './process-options.ts'
import {
  failuresPerSource,
  failuresPerUser,
  hashConcurrency,
  hashQueueLength,
  passwordCacheTime,
} from './scalar-values.ts'

/** The options of the process that are about passwords. */
export const LOGIN_OPTIONS = {
  passwordHashConcurrency: {
    section: null,
    value: hashConcurrency,
    sentence:
      'How many passwords are hashed at once; one less than libuv has threads (4, or `UV_THREADPOOL_SIZE`) at most.',
    type: 'number',
    metavar: 'NUMBER',
    text: 'number',
    fallback: null,
    otherwise: 'the cores of the process but one, at least 1',
    fromFile: 'never',
  },
  passwordHashQueue: {
    section: null,
    value: hashQueueLength,
    sentence:
      'How many passwords may wait to be hashed, of each source no more than places are left; further logins are answered 503 at once.',
    type: 'number',
    metavar: 'NUMBER',
    text: 'number',
    fallback: 64,
    fromFile: 'never',
  },
  loginFailuresPerUser: {
    section: null,
    value: failuresPerUser,
    sentence:
      'How many logins of a user may fail from one address within 15 minutes, or of a client whose secret is hashed slowly; then all are refused from there for a while; 0: any number.',
    type: 'number',
    metavar: 'NUMBER',
    text: 'number',
    fallback: 10,
    fromFile: 'never',
  },
  loginFailuresPerSource: {
    section: null,
    value: failuresPerSource,
    sentence:
      'How many logins may fail from one address within a day, of whichever users, and as many of such clients; then all are refused from there for a while; 0: any number.',
    type: 'number',
    metavar: 'NUMBER',
    text: 'number',
    fallback: 100,
    fromFile: 'never',
  },
  trustedSources: {
    section: null,
    value: setOf(addressOrNetwork),
    sentence:
      'Addresses from which many users log in, such as those of a shop: `loginFailuresPerSource` is not for them.',
    type: 'list of IP addresses and networks',
    metavar: 'LIST',
    text: 'list',
    fallback: [],
    fromFile: 'never',
  },
  passwordCacheSeconds: {
    section: null,
    value: passwordCacheTime,
    sentence:
      'How long a user who has logged in can do so again without the password being hashed, as long as nothing of the user is changed; 0: each login is hashed.',
    type: 'seconds',
    metavar: 'SECONDS',
    text: 'number',
    fallback: 0,
    fromFile: 'never',
  },
} as const satisfies Readonly<Record<string, ProcessOption>>
