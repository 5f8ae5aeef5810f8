import { Fault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type {
  Backend,
  BackendCapabilities,
  BackendPrices,
  BackendState,
  BackendType,
  CustodyMode,
  MetadataRegistry,
} from '@sealgate/core/ports';
import { type Context, orConflict } from '../context.ts';

interface BackendRow {
  readonly num: number;
  readonly id: BackendId;
  readonly type: BackendType;
  readonly endpoint: string;
  readonly provider: string;
  readonly provider_region: string;
  readonly region: string;
  readonly country: string;
  readonly jurisdiction: string;
  readonly operator_jurisdiction: string;
  readonly certificates: readonly string[];
  readonly sla: string | null;
  readonly weight: number;
  readonly addressing: 'path' | 'virtual';
  readonly custody: CustodyMode;
  readonly agent_id: string | null;
  readonly background_bytes_per_second: bigint | null;
  readonly background_concurrency: number | null;
  readonly secret: Buffer | null;
  readonly capabilities: BackendCapabilities;
  readonly probed_at: number | null;
  readonly prices: BackendPrices | null;
  readonly expected_latency_ms: number | null;
  readonly zone: string | null;
  readonly state: BackendState;
  readonly state_changed_at: number;
  readonly created_at: number;
}

type BackendCredentials = NonNullable<Backend['credentials']>;

export function createBackends(
  context: Context,
): Pick<
  MetadataRegistry,
  'createBackend' | 'listBackends' | 'recordProbe' | 'setBackendState' | 'setBackgroundLimits' | 'updateBackend'
> {
  const { database, secrets } = context;

  function backendOf(row: BackendRow): Backend {
    const opened = row.secret === null ? null : secrets.open({ purpose: 'backend', id: row.id }, row.secret);
    return {
      id: row.id,
      num: row.num,
      type: row.type,
      endpoint: row.endpoint,
      provider: row.provider,
      providerRegion: row.provider_region,
      region: row.region,
      country: row.country,
      jurisdiction: row.jurisdiction,
      operatorJurisdiction: row.operator_jurisdiction,
      certificates: row.certificates,
      sla: row.sla,
      weight: row.weight,
      addressing: row.addressing,
      custody: row.custody,
      agentId: row.agent_id,
      background: {
        bytesPerSecond: row.background_bytes_per_second === null ? null : Number(row.background_bytes_per_second),
        concurrency: row.background_concurrency,
      },
      credentials: opened === null ? null : unprinted(JSON.parse(opened) as BackendCredentials),
      capabilities: row.capabilities,
      probedAtMs: row.probed_at,
      prices: row.prices,
      expectedLatencyMs: row.expected_latency_ms,
      zone: row.zone,
      state: row.state,
      stateSinceMs: row.state_changed_at,
      createdAtMs: row.created_at,
    };
  }

  function sealed(id: BackendId, credentials: BackendCredentials | null): Buffer | null {
    if (credentials === null) return null;
    const { accessKeyId, secretAccessKey } = credentials;
    return secrets.seal({ purpose: 'backend', id }, JSON.stringify({ accessKeyId, secretAccessKey }));
  }

  return {
    async createBackend(backend, actor) {
      const columns = await context.actor(actor);
      const [row] = await orConflict('There is a backend of this id already.', () =>
        database.write<BackendRow>('create-backend', [
          ...columns,
          backend.id,
          backend.type,
          backend.endpoint,
          backend.provider,
          backend.providerRegion,
          backend.region,
          backend.country,
          backend.jurisdiction,
          backend.operatorJurisdiction,
          backend.certificates,
          backend.sla,
          backend.weight,
          backend.addressing,
          backend.custody,
          sealed(backend.id, backend.custody === 'gateway' ? backend.credentials : null),
          backend.agentId ?? null,
          backend.background?.bytesPerSecond ?? null,
          backend.background?.concurrency ?? null,
          backend.prices ? JSON.stringify(backend.prices) : null,
          backend.expectedLatencyMs ?? null,
          backend.zone ?? null,
        ]),
      );
      if (row === undefined) throw new Fault('InternalError', 'The backend was not stored.');
      return backendOf(row);
    },

    async listBackends() {
      return (await database.read<BackendRow>('list-backends', [])).map(backendOf);
    },

    async recordProbe(id, capabilities, atMs, actor) {
      const columns = await context.actor(actor);
      const at = new Date(atMs).toISOString();
      const rows = await database.write('record-probe', [...columns, id, JSON.stringify(capabilities), at]);
      if (rows.length === 0) throw new Fault('NoSuchBackend', `There is no backend ${id}.`);
    },

    async setBackgroundLimits(id, { bytesPerSecond, concurrency }, actor) {
      const columns = await context.actor(actor);
      const values = [...columns, id, bytesPerSecond ?? null, concurrency ?? null];
      const rows = await database.write('set-background-limits', values);
      if (rows.length === 0) throw new Fault('NoSuchBackend', `There is no backend ${id}.`);
    },

    async setBackendState(id, { from, to, reason }, actor) {
      const [row] = await database.write<{ changed: boolean; known: boolean }>('set-backend-state', [
        ...(await context.actor(actor)),
        id,
        from,
        to,
        reason,
      ]);
      if (row?.known !== true) throw new Fault('NoSuchBackend', `There is no backend ${id}.`);
      return row.changed;
    },

    async updateBackend(id, facts, actor) {
      const [row] = await database.write<BackendRow>('update-backend', [
        ...(await context.actor(actor)),
        id,
        facts.provider ?? null,
        facts.region ?? null,
        facts.country ?? null,
        facts.jurisdiction ?? null,
        facts.operatorJurisdiction ?? null,
        facts.certificates ?? null,
        facts.sla !== undefined,
        facts.sla ?? null,
        facts.weight ?? null,
        facts.prices !== undefined,
        facts.prices ? JSON.stringify(facts.prices) : null,
        facts.expectedLatencyMs !== undefined,
        facts.expectedLatencyMs ?? null,
        facts.zone !== undefined,
        facts.zone ?? null,
      ]);
      if (row === undefined) throw new Fault('NoSuchBackend', `There is no backend ${id}, or it is retired.`);
      return backendOf(row);
    },
  };
}

/** The secret is a getter that no printer walks into: a logged backend shows its key id only. */
function unprinted(credentials: BackendCredentials): BackendCredentials {
  return Object.defineProperty({ accessKeyId: credentials.accessKeyId }, 'secretAccessKey', {
    enumerable: false,
    value: credentials.secretAccessKey,
  }) as BackendCredentials;
}
