import { expect, it } from 'vitest'
import { loadConfig, parseConfig } from '../../src/config/load.ts'
import { ConfigError, formatProblem } from '../../src/config/problem.ts'
import type { Environment, Flags } from '../../src/config/process-values.ts'
import type { ReadFile } from '../../src/config/secret-files.ts'

/** What is refused, and with which problems: all of them, as they are printed. */
export type Refusals = Readonly<Record<string, readonly [unknown, ...string[]]>>

type Values = Record<string, unknown>

export const SECRET = 'a-client-secret-of-more-than-32-characters'

/** A valid configuration of one tenant, without surfaces that need anything special. */
export function configuration(tenant: Values = {}, top: Values = {}): Values {
  const surfaces = { spree: {}, standard: {} }
  return {
    tenants: [{ id: 'a', hosts: ['a.example'], issuer: 'https://a.example', surfaces, ...tenant }],
    ...top,
  }
}

export function withUser(user: Values): Values {
  return configuration({ users: [{ username: 'jane', password: 'correct horse', ...user }] })
}

export function withClient(client: Values): Values {
  return configuration({ clients: [{ id: 'c', secret: SECRET, grants: ['client_credentials'], ...client }] })
}

export function withSurface(name: string, settings: unknown): Values {
  return configuration({ issuer: 'https://a.example/', surfaces: { [name]: settings } })
}

/** The problems of a configuration made in code, each as it is printed; empty: it is valid. */
export function problemsOf(value: unknown): readonly string[] {
  return refused(() => parseConfig(value))
}

/** The problems of a configuration file, each as it is printed. */
export function problemsOfFile(
  text: string,
  { env = {}, flags = {}, readFile }: { env?: Environment; flags?: Flags; readFile?: ReadFile } = {},
): readonly string[] {
  return refused(() => loadConfig({ text, env, flags, readFile }))
}

function refused(load: () => unknown): readonly string[] {
  try {
    load()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => formatProblem(problem))
    throw error
  }
}

export function testRefusals(refusals: Refusals): void {
  it.each(Object.entries(refusals))('refuses %s', (_, [value, ...problems]) => {
    expect(problemsOf(value)).toEqual(problems)
  })
}

export function lifetime(value: string): string {
  return `must be a whole number of seconds from 1 to 315360000 (ten years), not ${value}`
}
