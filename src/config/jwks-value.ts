import { z } from 'zod'
import { clientJwksProblems, toClientJwks } from '../protocol/client-jwks.ts'

/** The public keys of a client, as a JWK Set. */
export const jwks = z
  .unknown()
  .check((payload) => {
    for (const { path, message } of clientJwksProblems(payload.value)) {
      payload.issues.push({ code: 'custom', message, input: payload.value, path: [...path] })
    }
  })
  .transform(toClientJwks)
