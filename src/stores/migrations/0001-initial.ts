import type { SqlWords } from './index.ts'

/**
 * `tokens` has one row an issue, and it and its indexes grow at a few right edges only, so that a token costs the same
 * however many there are. There is no index on hashes, for a token names its row by its key. `tokens_by_user` has a part
 * for each last character of a user's id, in which rows lie in the order of their keys. `dead_at` is `deadAt` in
 * `../dead-at.ts`, and `tokens_by_family` has the rows that `isApart` in `../family.ts` names: when one of these
 * functions changes, a later step must replace what it stands for.
 */
export function initial(words: SqlWords): string[] {
  const { integer, text, bytes, least, greatest, computed, map, sequence, announced, sequenced } = words
  const never = Number.MAX_SAFE_INTEGER
  const spentTokenMemory = 30 * 86_400
  return [
    `create table tokens (
      key ${integer} not null primary key,
      tenant ${text} not null,
      surface ${text} not null,
      client_id ${text},
      user_id ${text},
      grant_type ${text} not null,
      scope ${text} not null,
      access_scope ${text},
      issued_at ${integer} not null,
      access_hash ${bytes},
      access_expires_at ${integer},
      refresh_hash ${bytes},
      refresh_expires_at ${integer},
      family_expires_at ${integer},
      family ${integer},
      parent ${integer},
      successor ${integer},
      spent_at ${integer},
      superseded_at ${integer},
      seen_at ${integer},
      revoked_at ${integer},
      dead_at ${integer} not null generated always as (${greatest}(
        case
          when access_expires_at is not null then access_expires_at
          when access_hash is null then 0
          else coalesce(superseded_at, revoked_at + ${spentTokenMemory}, ${never})
        end,
        case
          when refresh_hash is null or revoked_at is not null then 0
          else ${least}(
            coalesce(refresh_expires_at, ${never}),
            coalesce(family_expires_at, ${never}),
            coalesce(spent_at + ${spentTokenMemory}, ${never})
          )
        end
      )) ${computed}
    ) ${sequence}`,
    ...sequenced('tokens'),
    `create index tokens_by_family on tokens (family) where family is not null
      and (refresh_hash is null or access_expires_at is null or access_expires_at > issued_at + 86400)`,
    `create index tokens_by_user on tokens (substr(user_id, length(user_id)), key, user_id)
      where user_id is not null`,

    `create table imported_tokens (hash ${bytes} not null primary key, key ${integer} not null) ${map}`,
    'create index imported_tokens_by_key on imported_tokens (key)',

    `create table denied_jwts (
      tenant ${text} not null,
      id ${text} not null,
      expires_at ${integer} not null,
      primary key (tenant, id)
    ) ${map}`,
    'create index denied_jwts_by_expiry on denied_jwts (expires_at)',

    `create table users (
      tenant ${text} not null,
      id ${text} not null,
      username ${text} not null,
      email ${text},
      password_hash ${text},
      roles ${text} not null,
      scopes ${text},
      claims ${text} not null,
      disabled ${integer} not null,
      tokens_valid_after ${integer} not null,
      created_at ${integer} not null,
      version ${integer} not null,
      primary key (tenant, id)
    ) ${map}`,
    // User names and e-mail addresses are one name space.
    `create table user_logins (
      tenant ${text} not null,
      login ${text} not null,
      user_id ${text} not null,
      primary key (tenant, login)
    ) ${map}`,
    `create table retired_users (tenant ${text} not null, id ${text} not null, primary key (tenant, id)) ${map}`,

    `create table clients (
      tenant ${text} not null,
      id ${text} not null,
      name ${text},
      public ${integer} not null,
      secrets ${text} not null,
      grants ${text} not null,
      scopes ${text} not null,
      roles ${text} not null,
      claims ${text} not null,
      access_token ${text} not null,
      expires_in ${integer},
      introspect ${text} not null,
      disabled ${integer} not null,
      tokens_valid_after ${integer} not null,
      created_at ${integer} not null,
      version ${integer} not null,
      primary key (tenant, id)
    ) ${map}`,

    `create table tenants (id ${text} not null primary key, settings ${text} not null) ${map}`,
    ...announced('tenants'),

    `create table signing_keys (
      tenant ${text} not null,
      kid ${text} not null,
      algorithm ${text} not null,
      state ${text} not null,
      public_jwk ${text} not null,
      sealed_private_key ${bytes},
      created_at ${integer} not null,
      retired_at ${integer},
      gone_at ${integer},
      primary key (tenant, kid)
    ) ${map}`,
    `create unique index signing_keys_active on signing_keys (tenant, algorithm) where state = 'active'`,
    ...announced('signing_keys'),

    `create table facts (name ${text} not null primary key, value ${text} not null) ${map}`,

    // One row a lane of `../key-sequence.ts`: 0 is free, else as `KeyLane` in `../sql/key-lane.ts` has it.
    `create table key_lanes (lane ${integer} not null primary key, taken ${integer} not null) ${map}`,
    `insert into key_lanes (lane, taken)
      with recursive lanes (lane) as (select 0 union all select lane + 1 from lanes where lane < 63)
      select lane, 0 from lanes`,
  ]
}
