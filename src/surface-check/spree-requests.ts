import type { Case, RequestTemplate, Step } from './case.ts'

/** What a case leaves at its default: it needs nothing before, and is refused. */
export type Draft = Pick<Case, 'name' | 'asks' | 'source' | 'request'> & Partial<Case>

/** Where cases come from. */
export const DOCUMENT = "Spree's document"
export const RECORDED = 'recorded from Doorkeeper'

export const TOKEN = '/spree_oauth/token'
export const REVOKE = '/spree_oauth/revoke'

type Parameters = Readonly<Record<string, string>>

export const CLIENT: Parameters = { client_id: '{{client_id}}', client_secret: '{{client_secret}}' }
export const LOGIN: Parameters = {
  grant_type: 'password',
  username: '{{username}}',
  password: '{{password}}',
}

export function post(path: string, parameters: Parameters): RequestTemplate {
  return { method: 'POST', path, parameters }
}

export function get(path: string): RequestTemplate {
  return { method: 'GET', path }
}

/** The parameters of client credentials, and more. */
export function asClient(more: Parameters): Parameters {
  return { grant_type: 'client_credentials', ...CLIENT, ...more }
}

/** The parameters of a refresh with the refresh token that a step was answered. */
export function refresh(step: string): Parameters {
  return { grant_type: 'refresh_token', refresh_token: `{{${step}.refresh_token}}` }
}

export function introspect(token: string): RequestTemplate {
  return post('/spree_oauth/introspect', { token, ...CLIENT })
}

export function info(token: string): RequestTemplate {
  return { method: 'GET', path: '/spree_oauth/token/info', headers: { Authorization: `Bearer ${token}` } }
}

/** Steps before the request of a case. */
export const login: Step = { name: 'login', request: post(TOKEN, LOGIN) }
export const clientLogin: Step = {
  name: 'login',
  request: post(TOKEN, { ...LOGIN, ...CLIENT, scope: '{{scope}}' }),
}
export const refreshed: Step = { name: 'refresh', request: post(TOKEN, refresh('login')) }
