export { calmMetadataPlan, type MetadataPlan } from './flaky-metadata.ts';
export { type LifecycleScene, lifecycleScene, SCENE_DAY_MS, setRules } from './lifecycle-scene.ts';
export { bodyOf, holders, memberOf, putContent, wantedBlob } from './one-object.ts';
export {
  type ClusterMember,
  createSeededCluster,
  type SeededCluster,
  type SeededClusterOptions,
  type SimulatedGateway,
} from './seeded-cluster.ts';
export type { SimulatedProcess } from './simulated-process.ts';
