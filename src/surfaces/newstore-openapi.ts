import { type HttpResponse, jsonResponse } from '../protocol/http.ts'

/**
 * The API document of the surface: NewStore's, with what Mintkeeper answers besides and without what its YAML had
 * wrong. docs/api/newstore-v0.openapi.yaml is made from it by the tests (`npx vitest -u`).
 */
export function newstoreOpenapi(): Readonly<Record<string, unknown>> {
  return {
    openapi: '3.0.0',
    info: { title: 'Token API (Deprecated)', version: 'v0', description: DESCRIPTION },
    servers: [{ url: '/v0', description: 'The host names the tenant: dodici.x.newstore.net.' }],
    security: [],
    paths: {
      '/token': { post: LOGIN },
      '/refresh_token': { post: REFRESH },
    },
    components: { schemas: SCHEMAS, headers: HEADERS, responses: RESPONSES },
  }
}

export function encodeOpenapi(): HttpResponse {
  return jsonResponse(200, newstoreOpenapi(), { 'Cache-Control': 'public, max-age=300' })
}

const CLIENT_CREDENTIALS =
  '[Client Credentials Grant](https://docs.p.newstore.partners/#/http/getting-started/newstore-rest-api/getting-started/client-credentials-grant)'

const DESCRIPTION = `Use this API to issue tokens used for authentication to communicate with the NewStore platform.
**Warning:** This API version is **deprecated** since **January 8th, 2024**.
We recommend that all existing integrations use API Clients with the ${CLIENT_CREDENTIALS}.

Please use the [migration guide](https://docs.newstore.net/developers/troubleshooting/migration-token-api-v0) to migrate to the API Clients.`

const DEPRECATED = `

---
**DEPRECATED**

Deprecation date 08-01-2024

Please use API Clients with the ${CLIENT_CREDENTIALS}.`

const SCOPE =
  'read:current_user update:current_user_metadata delete:current_user_metadata create:current_user_metadata create:current_user_device_credentials delete:current_user_device_credentials update:current_user_identities offline_access'

/** What the document says of its own example; the header in the original was no UTF-8. */
const JWT =
  'eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6IlFUVTFSVEEwTVVSQ05qWXpNVGhFT0RZeE5UVTVSakl6TTBFd05qQkJNVGd4UVRnNE1VUkROQSJ9.eyJodHRwOi8vbmV3c3RvcmUvbmV3c3RvcmVfaWQiOiIzUzQwTXFrTnlNTGJPTE5HcUY2UnljIiwiaHR0cDovL25ld3N0b3JlL3JvbGVzIjpbIm5ld3N0b3JlX2FkbWluIl0sImlzcyI6Imh0dHBzOi8vZGV2LW5ld3N0b3JlLmF1dGgwLmNvbS8iLCJzdWIiOiJhdXRoMHw1OTZjOGY5NTc5MDgzNzQ4OWY0YzE5MWMiLCJhdWQiOiJodHRwczovL2Rldi1uZXdzdG9yZS5hdXRoMC5jb20vYXBpL3YyLyIsImlhdCI6MTUxNTY1ODI2NCwiZXhwIjoxNTE1NzQ0NjY0LCJhenAiOiJ0d2xGVlp5VElZYng3Z0ZkdEdZYktBdkNHblpBdTRZdyIsInNjb3BlIjoicmVhZDpjdXJyZW50X3VzZXIgdXBkYXRlOmN1cnJlbnRfdXNlcl9tZXRhZGF0YSBkZWxldGU6Y3VycmVudF91c2VyX21ldGFkYXRhIGNyZWF0ZTpjdXJyZW50X3VzZXJfbWV0YWRhdGEgY3JlYXRlOmN1cnJlbnRfdXNlcl9kZXZpY2VfY3JlZGVudGlhbHMgZGVsZXRlOmN1cnJlbnRfdXNlcl9kZXZpY2VfY3JlZGVudGlhbHMgdXBkYXRlOmN1cnJlbnRfdXNlcl9pZGVudGl0aWVzIG9mZmxpbmVfYWNjZXNzIiwiZ3R5IjoicGFzc3dvcmQifQ.XmkWhs2ww6ptiZEEOx3jouFPLwTiG4hfGczy5cpLH7ogXE3ZM9pQGQL3oXqXn1iBMdXMF6Aq-fPI6WE8_PmwC5pKnFuw-lwQ0e3bdYJ3XkYErSju5LQY_Dmmugvv-cBRANgyc8suWF0-AQVLeZF8ktnnI5FFZGMBTOJExMkKDTlgnfITWsoBi4abXtB2NminHfmmwP7RKQMK1ABAaNklNaCX7bPEYaquBaaurXF6E-KoBx0fyk3dKv4y2E6LEcEFmAGxRE8bEcgSmVFSDFOgOF1AAfdH8OCwBS6-i9yT7T5IeVF7rREeVuOgxruD3unJxJYfCD9U3fWfGucRuMFWZA'

const REFRESH_TOKEN = 'Z4tuV3lC4EvMV1X5A3HsB_VUBxmtlj5JtmUbtfQtWI538'

const REQUEST_ID = {
  type: 'string',
  format: 'uuid',
  description:
    'An identifier used by NewStore to support debugging in case of failure. This ID is printed into all platform logs. If provided as part of a support request, it will help the support team with the investigation.',
}

const SCHEMAS = {
  post_token_response: {
    type: 'object',
    title: 'Authentication Response',
    description:
      'The access token is a proper OAuth 2.0 access token, as described in [RFC 6749 Section 5.1](https://tools.ietf.org/html/rfc6749#section-5.1).',
    required: ['access_token', 'token_type', 'scope', 'expires_in'],
    properties: {
      access_token: {
        type: 'string',
        description:
          'The access token granting access to the resources. Use this token as a bearer token in an authorization header.',
      },
      refresh_token: {
        type: 'string',
        description:
          'The refresh token that can be presented to the /v0/refresh_token resource to renew the access token w/o knowing the credentials again. It is there if `offline_access` is among the scopes of the login.',
      },
      token_type: {
        type: 'string',
        enum: ['Bearer'],
        description: 'The type of token presented in the Authentication header with API calls.',
      },
      scope: { type: 'string', description: 'A list of OAuth 2.0 scopes granted with this token.' },
      expires_in: {
        type: 'integer',
        description:
          'The duration this token is valid in seconds. For example, 86400 seconds = 24 h = 1 day.',
      },
    },
  },
  error_response: {
    type: 'object',
    title: 'Error Response',
    description:
      'Error response, if a request to the token endpoint failed due to an external or internal error. A credential in the query string is answered with `message` alone.',
    required: ['message'],
    properties: {
      status: { type: 'integer', description: 'The HTTP status code.' },
      message: { type: 'string', description: 'A human-readable error message.' },
      request_id: REQUEST_ID,
    },
  },
}

const HEADERS = {
  request_id: { description: 'The id of the request, also in errors.', schema: REQUEST_ID },
  deprecation: {
    description: 'Since when this API is deprecated (RFC 9745).',
    schema: { type: 'string' },
    example: '@1704672000',
  },
  sunset: {
    description: 'When this API is expected to end (RFC 8594), if that is decided.',
    schema: { type: 'string' },
    example: 'Wed, 30 Jun 2027 00:00:00 GMT',
  },
  link: {
    description: 'The migration guide, the endpoint to move to (`successor-version`), and more.',
    schema: { type: 'string' },
  },
  retry_after: { description: 'Seconds to wait.', schema: { type: 'integer' } },
  allow: { description: 'The methods that are allowed.', schema: { type: 'string' }, example: 'POST' },
}

/** Headers of every answer. */
const COMMON_HEADERS = {
  'X-Newstore-Request-Id': { $ref: '#/components/headers/request_id' },
  Deprecation: { $ref: '#/components/headers/deprecation' },
  Sunset: { $ref: '#/components/headers/sunset' },
  Link: { $ref: '#/components/headers/link' },
}

const RETRY_AFTER = { 'Retry-After': { $ref: '#/components/headers/retry_after' } }

const RESPONSES = {
  authenticated: {
    description: 'OK - you are authenticated.',
    headers: COMMON_HEADERS,
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/post_token_response' },
        example: {
          refresh_token: REFRESH_TOKEN,
          access_token: JWT,
          token_type: 'Bearer',
          scope: SCOPE,
          expires_in: 86400,
        },
      },
    },
  },
  bad_request: {
    description: 'Bad Request - the request was syntactically incorrect or has missing/empty fields.',
    headers: COMMON_HEADERS,
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/error_response' },
        examples: {
          default: {
            value: errorExample(400, 'Authentication failed', '9287978a-6641-410e-b7db-102c22a4f392'),
          },
          'password query parameter': { value: { message: 'query parameter password is not allowed.' } },
        },
      },
    },
  },
  forbidden: errorResponse(
    "Forbidden - you are not allowed to access this resource, because your credentials are invalid or you don't have the required permissions.",
    errorExample(403, 'Authentication failed', '18bd4dd5-1312-48a4-b527-32604dc50eeb'),
  ),
  not_found: errorResponse(
    'There is no such tenant.',
    errorExample(404, 'Not Found', '0e0a6f4b-4a0e-4d0b-8a9b-7f6a35a3a0c4'),
  ),
  method_not_allowed: errorResponse(
    'Only POST is allowed.',
    errorExample(405, 'Method Not Allowed', '6b9e2b43-4d58-4b5c-9f2a-1a3f6a1d6b7e'),
    { Allow: { $ref: '#/components/headers/allow' } },
  ),
  gone: errorResponse(
    'Tokens are no longer issued here, or, with `Retry-After`, not for some time: see `Link` for what to use instead.',
    errorExample(410, 'Gone', '5b0d3c1e-8f1f-4d0e-9b66-1c5e7a2f4d38'),
    RETRY_AFTER,
  ),
  content_too_large: errorResponse(
    'The body is larger than 16 KiB.',
    errorExample(413, 'Content Too Large', '3f0c8a51-9a3c-4b1d-8f53-5f6d2f0b9c1a'),
  ),
  too_many_requests: errorResponse(
    'Too many requests.',
    errorExample(429, 'Too Many Requests', 'b1d7c0a2-7c1e-4a44-9a4e-2f2b8a9d3c55'),
    RETRY_AFTER,
  ),
  internal_error: errorResponse(
    'An internal error occurred.',
    errorExample(500, 'Internal Error', '8432ad85-7cf2-4325-8825-97529132a333'),
  ),
  unavailable: errorResponse(
    'The server is unable to handle the request for the moment. Nothing was changed.',
    errorExample(503, 'Service Unavailable', 'd8a1f3c6-2b7d-4e19-8c0f-6e5d4c3b2a19'),
    RETRY_AFTER,
  ),
}

function errorExample(status: number, message: string, requestId: string) {
  return { status, message, request_id: requestId }
}

function errorResponse(description: string, example: object, headers: object = {}) {
  return {
    description,
    headers: { ...COMMON_HEADERS, ...headers },
    content: { 'application/json': { schema: { $ref: '#/components/schemas/error_response' }, example } },
  }
}

const OPERATION_RESPONSES = {
  200: { $ref: '#/components/responses/authenticated' },
  400: { $ref: '#/components/responses/bad_request' },
  403: { $ref: '#/components/responses/forbidden' },
  404: { $ref: '#/components/responses/not_found' },
  405: { $ref: '#/components/responses/method_not_allowed' },
  410: { $ref: '#/components/responses/gone' },
  413: { $ref: '#/components/responses/content_too_large' },
  429: { $ref: '#/components/responses/too_many_requests' },
  500: { $ref: '#/components/responses/internal_error' },
  503: { $ref: '#/components/responses/unavailable' },
}

const LOGIN = {
  deprecated: true,
  summary: 'Get access token',
  operationId: 'GetAccessToken',
  description: `Provides an access token when the provided credentials are valid.${DEPRECATED}`,
  requestBody: requestBody({
    grant_type: {
      type: 'string',
      enum: ['password'],
      description:
        'The type of credentials provided:\n\n  password - username and password are required to be successfully authenticated.',
      example: 'password',
    },
    username: {
      type: 'string',
      description:
        "The username to be authenticated, can be an email. This is required if grant_type = 'password', ignored if not.",
      example: 'myusername@example.com',
    },
    password: {
      type: 'string',
      format: 'password',
      description:
        "The password corresponding to the user to be authenticated. This is required if grant_type = 'password', ignored if not.",
      example: 'V3lC4EvMV1X5h3HsB_VU',
    },
  }),
  responses: OPERATION_RESPONSES,
}

const REFRESH = {
  deprecated: true,
  summary: 'Refresh access token',
  operationId: 'RefreshAccessToken',
  description: `Provides an access token when the provided refresh_token is valid/not expired. See RFC 6749 Section 6 for details how to use refresh tokens.${DEPRECATED}`,
  requestBody: requestBody(
    {
      grant_type: {
        type: 'string',
        enum: ['refresh_token'],
        description:
          'The type of credentials provided:\n\n  refresh_token - provides a new access token for a valid refresh token.',
        example: 'refresh_token',
      },
      refresh_token: {
        type: 'string',
        description: 'The refresh token, as received by an authentication to /v0/token',
        example: REFRESH_TOKEN,
      },
    },
    {
      scope: {
        type: 'string',
        description: 'A part of the granted scopes, if the new access token should not have all of them.',
        example: 'read:current_user',
      },
    },
  ),
  responses: OPERATION_RESPONSES,
}

function requestBody(required: object, optional: object = {}) {
  const schema = {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
  }
  return {
    required: true,
    content: { 'application/x-www-form-urlencoded': { schema }, 'application/json': { schema } },
  }
}
