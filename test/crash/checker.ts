/** Asks a server that was started anew whether all that is known of it is still true. */
import { createLocalJWKSet, jwtVerify } from 'jose'
import type { Answered } from './facts.ts'
import { act, isExpired, type Load, revocationOf } from './load.ts'
import { type Account, accountOf, type Chain, type Single } from './model.ts'

export interface Checked {
  readonly problems: string[]
  /** Questions asked. */
  count: number
}

export interface Checking extends Load {
  readonly checked: Checked
}

/** What one worker has done and found, one thing after the other. */
export async function checkWorker(
  worker: number,
  subjects: readonly (Chain | Single)[],
  checking: Checking,
): Promise<void> {
  await settleAccount(worker, checking)
  for (const subject of subjects) {
    if (subject.worker !== worker) continue
    if ('latest' in subject) await checkChain(subject, checking)
    else await checkSingle(subject, checking)
  }
}

/** A change of the account that nobody knows of was done or not: never half. */
async function settleAccount(worker: number, checking: Checking): Promise<void> {
  const { api, model } = checking
  const account = accountOf(model, worker)
  const isDisabled = await api.isUserDisabled(worker)
  if (account.disabled !== 'unknown') {
    expectThat(isDisabled === account.disabled, checking, `user ${worker} is disabled: ${isDisabled}`)
  }
  await settleSecret(worker, account, checking)
  if (!isDisabled) {
    account.disabled = false
    return
  }
  // Whoever finds it disabled must find the tokens dead, also once it is enabled again.
  for (const chain of model.chains.values()) if (chain.worker === worker) chain.life = 'dead'
  await act(worker, { kind: 'enable' }, checking)
}

async function settleSecret(worker: number, account: Account, checking: Checking): Promise<void> {
  const { api } = checking
  const known = await api.isSecret(worker, account.secret)
  if (account.candidate === null) {
    expectThat(known, checking, `the secret of client ${worker} is refused`)
  } else {
    const candidate = await api.isSecret(worker, account.candidate)
    expectThat(known !== candidate, checking, `of client ${worker} old secret: ${known}, new: ${candidate}`)
    if (candidate) {
      account.oldSecrets.push(account.secret)
      account.secret = account.candidate
    }
    account.candidate = null
  }
  for (const old of account.oldSecrets.slice(-2)) {
    expectThat(!(await api.isSecret(worker, old)), checking, `an old secret of client ${worker} is accepted`)
  }
}

async function checkChain(chain: Chain, checking: Checking): Promise<void> {
  const { api } = checking
  const name = `chain ${chain.id} (${chain.surface}, worker ${chain.worker})`
  if (chain.life === 'unknown') {
    // Ended or not, but not half: then nothing may be left of it, or all.
    const refreshable = await api.isActive(chain.latest.refresh ?? '')
    if (!refreshable) chain.life = 'dead'
    else if (!chain.refreshing) {
      const isLeft = isExpired(chain.latest, checking) || (await isAccepted(chain.latest, checking))
      expectThat(isLeft, checking, `${name}: its refresh token is left, its access token is not`)
      chain.life = 'live'
      await act(chain.worker, revocationOf(chain, chain.endsWhole, checking), checking)
    }
  }
  if (chain.refreshing && chain.life === 'live') await settleRefresh(chain, name, checking)
  const isLive = chain.life === 'live'
  const access = await isAccepted(chain.latest, checking)
  if (isLive || !isExpired(chain.latest, checking)) {
    expectThat(
      access === isLive || isExpired(chain.latest, checking),
      checking,
      `${name}: access token ${access}, should be ${isLive}`,
    )
  }
  const refresh = await api.isActive(chain.latest.refresh ?? '')
  expectThat(refresh === isLive, checking, `${name}: refresh token ${refresh}, should be ${isLive}`)
  for (const spent of chain.spent.slice(-2)) {
    expectThat(!(await api.isActive(spent)), checking, `${name}: a spent refresh token is active`)
  }
}

/** It was done or not. The old token is answered in either case: by the one successor there is. */
async function settleRefresh(chain: Chain, name: string, checking: Checking): Promise<void> {
  const { api, model } = checking
  const old = chain.latest.refresh ?? ''
  const outcome = await act(chain.worker, { kind: 'refresh', of: chain.id }, checking)
  if (outcome.kind !== 'done') return
  // Before anything of the successor is used, its parent is answered with the very same.
  const { secret } = accountOf(model, chain.worker)
  const again = await api.refresh(chain.worker, chain.surface, old, secret)
  const same = again.kind === 'done' && again.tokens?.refresh === chain.latest.refresh
  expectThat(same, checking, `${name}: asked again for an unfinished refresh: ${JSON.stringify(again)}`)
  expectThat(!(await api.isActive(old)), checking, `${name}: both tokens of an unfinished refresh are active`)
}

async function checkSingle(single: Single, checking: Checking): Promise<void> {
  const name = `single ${single.id} (${single.format}, worker ${single.worker})`
  if (isExpired(single.token, checking)) return
  const active = await isAccepted(single.token, checking)
  if (single.life !== 'unknown') {
    const isLive = single.life === 'live'
    expectThat(active === isLive, checking, `${name}: active ${active}, should be ${isLive}`)
  } else if (active) {
    single.life = 'live'
    await act(single.worker, { kind: 'revoke', of: single.id, token: 'access' }, checking)
    expectThat(!(await isAccepted(single.token, checking)), checking, `${name}: active after its revocation`)
  } else single.life = 'dead'
}

async function isAccepted({ access }: Answered, { api }: Checking): Promise<boolean> {
  return await api.isActive(access)
}

/** No key may go before the last token that it signed. */
export async function checkKeys(tokens: readonly Answered[], checking: Checking): Promise<void> {
  const keys = createLocalJWKSet((await checking.api.jwks()) as never)
  for (const token of tokens) {
    if (!token.access.includes('.') || isExpired(token, checking)) continue
    const verified = await jwtVerify(token.access, keys, {
      currentDate: new Date(checking.now() * 1000),
    }).then(
      () => true,
      () => false,
    )
    expectThat(verified, checking, `no published key verifies a token that counts until ${token.expiresAt}`)
  }
}

function expectThat(isTrue: boolean, { checked }: Checking, problem: string): void {
  checked.count += 1
  if (!isTrue) checked.problems.push(problem)
}
