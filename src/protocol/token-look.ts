/** What a text that was sent as a token looks like; not whether it is one. */
export type TokenLook = 'empty' | 'JWT' | 'client secret' | 'Bearer and more' | 'opaque token' | 'other text'

const JWT = /^ey[\w-]+\.[\w-]+\.[\w-]*$/
const OPAQUE = /^[\w-]{20,}$/

export function tokenLook(text: string): TokenLook {
  if (text.trim() === '') return 'empty'
  if (JWT.test(text)) return 'JWT'
  if (text.startsWith('mkcs_')) return 'client secret'
  if (/^bearer[ +]/i.test(text)) return 'Bearer and more'
  return OPAQUE.test(text) ? 'opaque token' : 'other text'
}

const VARIABLE = /^(\{\{.*\}\}|\$\{.*\}|\$\(.*\)|\$[A-Za-z_]\w*|<[^<>]*>|%[A-Za-z_]\w*%|\[[^[\]]*\])$/
const EXAMPLE =
  /^(your|my|the)[-_ ]?(client|user|access|refresh|tenant)?[-_ ]?(id|secret|name|password|token)$/i

/** Whether a value is the name of one: a variable of a template, a shell or a tool that nobody has filled in. */
export function isPlaceholder(text: string): boolean {
  const trimmed = text.trim()
  return trimmed.length <= 100 && (VARIABLE.test(trimmed) || EXAMPLE.test(trimmed) || isNothing(trimmed))
}

/** What programs make of a variable that is not there. */
function isNothing(text: string): boolean {
  return ['undefined', 'null', 'None', 'nil', 'NaN', '[object Object]', 'changeme'].includes(text)
}
