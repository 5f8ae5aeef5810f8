"""What programs do through MinIO's client for Python. Prints nothing and ends with 0 when all is as it should be."""

import io
import os
import sys
import urllib.request
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

from minio import Minio
from minio.commonconfig import GOVERNANCE, ComposeSource, CopySource, Tags
from minio.datatypes import PostPolicy
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.retention import Retention

BUCKET = sys.argv[1]
LOCKED = sys.argv[2]
LARGE = os.urandom(11 * 1024 * 1024)
client = Minio(
    endpoint=urlsplit(os.environ['AWS_ENDPOINT_URL']).netloc,
    access_key=os.environ['AWS_ACCESS_KEY_ID'],
    secret_key=os.environ['AWS_SECRET_ACCESS_KEY'],
    region=os.environ['AWS_REGION'],
    secure=False,
)


def same(got, wanted, what):
    if got != wanted:
        raise AssertionError(f'{what}: {got!r} instead of {wanted!r}'[:500])


def body_of(name, **more):
    answer = client.get_object(bucket_name=BUCKET, object_name=name, **more)
    try:
        return answer.read()
    finally:
        answer.close()
        answer.release_conn()


def put(name, data, **more):
    length = more.pop('length', len(data))
    return client.put_object(bucket_name=BUCKET, object_name=name, data=io.BytesIO(data), length=length, **more)


put('m/small', b'small', content_type='text/plain', metadata={'a': 'b'})
put('m/large', LARGE, part_size=5 * 1024 * 1024)
put('m/stream', LARGE, length=-1, part_size=5 * 1024 * 1024)
same(body_of('m/large') == LARGE and body_of('m/stream') == LARGE, True, 'what came back')
same(body_of('m/large', offset=7, length=9), LARGE[7:16], 'a range')
same(client.stat_object(bucket_name=BUCKET, object_name='m/small').metadata['x-amz-meta-a'], 'b', 'metadata')

client.copy_object(bucket_name=BUCKET, object_name='m/copy', source=CopySource(bucket_name=BUCKET, object_name='m/small'))
sources = [ComposeSource(bucket_name=BUCKET, object_name=name) for name in ['m/large', 'm/small']]
client.compose_object(bucket_name=BUCKET, object_name='m/composed', sources=sources)
same(body_of('m/composed') == LARGE + b'small', True, 'what was composed')

tags = Tags.new_object_tags()
tags['project'] = 'one'
client.set_object_tags(bucket_name=BUCKET, object_name='m/small', tags=tags)
same(dict(client.get_object_tags(bucket_name=BUCKET, object_name='m/small')), {'project': 'one'}, 'tags')

url = client.presigned_get_object(bucket_name=BUCKET, object_name='m/small', expires=timedelta(minutes=5))
same(urllib.request.urlopen(url).read(), b'small', 'presigned')
policy = PostPolicy(bucket_name=BUCKET, expiration=datetime.now(timezone.utc) + timedelta(minutes=5))
policy.add_equals_condition('key', 'm/form')
same('x-amz-signature' in client.presigned_post_policy(policy), True, 'a form')

client.put_object(bucket_name=LOCKED, object_name='kept', data=io.BytesIO(b'1'), length=1)
until = datetime.now(timezone.utc) + timedelta(days=1)
client.set_object_retention(bucket_name=LOCKED, object_name='kept', config=Retention(mode=GOVERNANCE, retain_until_date=until))
version = client.stat_object(bucket_name=LOCKED, object_name='kept').version_id
try:
    client.remove_object(bucket_name=LOCKED, object_name='kept', version_id=version)
    raise AssertionError('what is kept was removed')
except S3Error as error:
    same(error.code, 'AccessDenied', 'removal')

names = [entry.object_name for entry in client.list_objects(bucket_name=BUCKET, prefix='m/', recursive=True)]
same(names, ['m/composed', 'm/copy', 'm/large', 'm/small', 'm/stream'], 'the listing')
errors = list(client.remove_objects(bucket_name=BUCKET, delete_object_list=[DeleteObject(name=name) for name in names]))
same(errors, [], 'what was not removed')
