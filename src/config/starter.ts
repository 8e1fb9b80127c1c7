/** What `mintkeeper init` knows. The secrets are drawn by the caller. */
export interface StarterOptions {
  /** Id of the tenant. */
  readonly tenant: string
  /** The host that requests come to. */
  readonly host: string
  /** A first user, if there is to be one. */
  readonly user: { readonly username: string; readonly password: string } | null
  readonly clientSecret: string
  readonly resourceServerSecret: string
}

/** A configuration file to begin with: valid, commented, and nothing in it that is not wanted. */
export function starterConfig({
  tenant,
  host,
  user,
  clientSecret,
  resourceServerSecret,
}: StarterOptions): string {
  return `# Mintkeeper: docs/reference/configuration.md explains every key.
# Start with: mintkeeper serve --config mintkeeper.yaml
# This file holds secrets: keep it out of version control, or use passwordFile and secretFile.

server:
  host: 127.0.0.1            # 0.0.0.0 listens on every interface
  port: 8080                 # token plane: public
  adminPort: 8081            # control plane: private; 0 switches it off
  trustedProxies: []         # whose X-Forwarded-* headers count, such as 10.0.0.0/8

database: sqlite:data/mintkeeper.db

tenants:
  - id: ${quoted(tenant)}
    hosts: [${quoted(host)}]
    # The iss of tokens. Clients compare it letter by letter: choose it once.
    issuer: ${quoted(`https://${host}/`)}

    # Only these surfaces are on.
    surfaces:
      # The standard endpoints, /oauth/token and so on.
      standard: { expiresIn: 3600 }
      # Where NewStore's migration guide sends integrations, /auth/realms/{tenant}/…
      realm: { expiresIn: 3600 }
      # NewStore's Token API v0, /v0/token: deprecated, so give it an end.
      # newstore: { expiresIn: 86400, refresh: keep, sunset: 2027-06-30 }
      # Spree's /spree_oauth/token.
      # spree: { expiresIn: 7200 }

${usersText(user)}
    clients:
      # A confidential client that gets tokens of its own.
      - id: warehouse-sync
        secret: ${quoted(clientSecret)}
        name: Warehouse sync
        grants: [client_credentials]
        scopes: [read, write]
        accessToken: jwt     # or opaque
      # A resource server: asks whether tokens it is shown are active.
      - id: orders-api
        secret: ${quoted(resourceServerSecret)}
        introspect: any
`
}

function usersText(user: StarterOptions['user']): string {
  if (user === null) {
    return `    # users:
    #   - { username: jane@example.com, passwordFile: jane.password, roles: [admin] }
`
  }
  return `    users:
      - username: ${quoted(user.username)}
        password: ${quoted(user.password)}
        roles: [admin]
`
}

/** JSON strings are double-quoted scalars of YAML. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
