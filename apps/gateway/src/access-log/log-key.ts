import type { Bucket } from '@sealgate/core/ports';
import type { LoggingConfiguration } from '@sealgate/s3';

/**
 * The key of a log object. An account is its canonical user id, as in the records.
 * @param atMs when it is delivered; of `eventDayMs` only the day counts
 * @param unique 16 characters that no other log object of that second has
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html#server-log-keyname-format
 */
export function logKey(
  { targetPrefix, keyFormat }: Pick<LoggingConfiguration, 'targetPrefix' | 'keyFormat'>,
  source: Pick<Bucket, 'name' | 'ownerId' | 'region'>,
  object: { readonly atMs: number; readonly eventDayMs: number; readonly unique: string },
): string {
  const byEvent = keyFormat.kind === 'partitioned' && keyFormat.dateSource === 'EventTime';
  const iso = new Date(byEvent ? object.eventDayMs : object.atMs).toISOString();
  const [day, time] = [iso.slice(0, 10), byEvent ? '00-00-00' : iso.slice(11, 19).replaceAll(':', '-')];
  const name = `${day}-${time}-${object.unique}`;
  if (keyFormat.kind === 'simple') return targetPrefix + name;
  const place = `${source.ownerId}/${source.region}/${source.name}/${day.replaceAll('-', '/')}`;
  return `${targetPrefix}${place}/${name}`;
}
