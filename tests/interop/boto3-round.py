"""What programs do through boto3, with its defaults. Prints nothing and ends with 0 when all is as AWS documents."""

import base64
import datetime
import hashlib
import io
import json
import os
import sys
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

MIB = 1024 * 1024
BUCKET = sys.argv[1]
LOCKED = sys.argv[2]
# Where a region is one of the oldest, boto3 presigns with Signature Version 2 unless it is told not to.
s3 = boto3.client('s3', config=Config(signature_version='s3v4', retries={'max_attempts': 1}))
PARTS = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
LARGE = os.urandom(12 * MIB + 17)


def same(got, wanted, what):
    if got != wanted:
        raise AssertionError(f'{what}: {got!r} instead of {wanted!r}'[:500])


def refused(code, call, **params):
    try:
        call(**params)
    except ClientError as error:
        same(error.response['Error']['Code'], code, call)
    else:
        raise AssertionError(f'{call} was to be refused with {code}')


def body_of(key, **more):
    return s3.get_object(Bucket=BUCKET, Key=key, **more)['Body'].read()


def checksums():
    """botocore computes each checksum, and verifies the whole of what it reads."""
    for name in ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']:
        put = s3.put_object(Bucket=BUCKET, Key=f'sum/{name}', Body=LARGE[:70_000], ChecksumAlgorithm=name)
        head = s3.head_object(Bucket=BUCKET, Key=f'sum/{name}', ChecksumMode='ENABLED')
        same(head[f'Checksum{name}'], put[f'Checksum{name}'], name)
        same(body_of(f'sum/{name}', ChecksumMode='ENABLED'), LARGE[:70_000], name)
    sha512 = base64.b64encode(hashlib.sha512(b'x').digest()).decode()
    put = s3.put_object(Bucket=BUCKET, Key='sum/SHA512', Body=b'x', ChecksumSHA512=sha512)
    same(put['ChecksumSHA512'], sha512, 'SHA512')
    refused('BadDigest', s3.put_object, Bucket=BUCKET, Key='sum/bad', Body=b'y', ChecksumSHA512=sha512)


def transfers():
    """A seekable file, a stream of unknown length, a download by ranges, a copy by parts."""
    s3.upload_fileobj(io.BytesIO(LARGE), BUCKET, 'large', Config=PARTS, ExtraArgs={'Metadata': {'a': 'b'}})
    for source in [{'ChecksumAlgorithm': 'SHA256'}, {}]:
        s3.upload_fileobj(io.BufferedReader(io.BytesIO(LARGE)), BUCKET, 'again', Config=PARTS, ExtraArgs=source)
    back = io.BytesIO()
    s3.download_fileobj(BUCKET, 'large', back, Config=PARTS)
    same(back.getvalue() == LARGE, True, 'what came back')
    s3.copy({'Bucket': BUCKET, 'Key': 'large'}, BUCKET, 'copy', Config=PARTS)
    head = s3.head_object(Bucket=BUCKET, Key='copy')
    same((head['Metadata'], head['ETag'][-3:]), ({'a': 'b'}, '-3"'), 'the copy')
    same(s3.head_object(Bucket=BUCKET, Key='large', PartNumber=2)['ContentLength'], 5 * MIB, 'the second part')
    attributes = s3.get_object_attributes(Bucket=BUCKET, Key='large', ObjectAttributes=['ObjectParts', 'ObjectSize'])
    same((attributes['ObjectSize'], attributes['ObjectParts']['TotalPartsCount']), (len(LARGE), 3), 'attributes')


def conditions():
    etag = s3.put_object(Bucket=BUCKET, Key='cond', Body=b'1')['ETag']
    refused('PreconditionFailed', s3.put_object, Bucket=BUCKET, Key='cond', Body=b'2', IfNoneMatch='*')
    s3.put_object(Bucket=BUCKET, Key='cond', Body=b'2', IfMatch=etag)
    refused('PreconditionFailed', s3.put_object, Bucket=BUCKET, Key='cond', Body=b'3', IfMatch=etag)
    head = s3.head_object(Bucket=BUCKET, Key='cond')
    refused('304', s3.head_object, Bucket=BUCKET, Key='cond', IfNoneMatch=head['ETag'])
    refused('304', s3.head_object, Bucket=BUCKET, Key='cond', IfModifiedSince=head['LastModified'])
    refused('412', s3.head_object, Bucket=BUCKET, Key='cond', IfMatch='"other"')
    refused('404', s3.head_object, Bucket=BUCKET, Key='nobody')
    refused('InvalidRange', s3.get_object, Bucket=BUCKET, Key='cond', Range='bytes=9-')


def listings():
    keys = [f'list/{i // 3}/{i:02d} ü+%&' for i in range(9)]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b'')
    for name, field in [('list_objects', 'Contents'), ('list_objects_v2', 'Contents'), ('list_object_versions', 'Versions')]:
        pages = list(s3.get_paginator(name).paginate(Bucket=BUCKET, Prefix='list/', PaginationConfig={'PageSize': 2}))
        same([entry['Key'] for page in pages for entry in page.get(field, [])], keys, name)
        pages = s3.get_paginator(name).paginate(Bucket=BUCKET, Prefix='list/', Delimiter='/', PaginationConfig={'PageSize': 1})
        folded = [entry['Prefix'] for page in pages for entry in page.get('CommonPrefixes', [])]
        same(folded, ['list/0/', 'list/1/', 'list/2/'], f'{name} folded')
    deleted = s3.delete_objects(Bucket=BUCKET, Delete={'Objects': [{'Key': key} for key in keys]})
    same(len(deleted['Deleted']), len(keys), 'deleted')
    s3.get_waiter('object_not_exists').wait(Bucket=BUCKET, Key=keys[0])


def presigned():
    params = {'Bucket': BUCKET, 'Key': 'signed/é +'}
    url = s3.generate_presigned_url('put_object', Params=params)
    urllib.request.urlopen(urllib.request.Request(url, data=b'signed', method='PUT', headers={'Content-Type': ''}))
    same(urllib.request.urlopen(s3.generate_presigned_url('get_object', Params=params)).read(), b'signed', 'presigned')
    post = s3.generate_presigned_post(BUCKET, 'form', Fields={'acl': 'private'}, Conditions=[{'acl': 'private'}])
    boundary = 'a-boundary'
    fields = ''.join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in post['fields'].items()
    )
    form = f'{fields}--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nFORM\r\n--{boundary}--\r\n'
    kind = {'Content-Type': f'multipart/form-data; boundary={boundary}'}
    same(urllib.request.urlopen(urllib.request.Request(post['url'], data=form.encode(), headers=kind)).status, 204, 'form')
    same(body_of('form'), b'FORM', 'what the form sent')


def locked():
    first, second = (s3.put_object(Bucket=LOCKED, Key='k', Body=body)['VersionId'] for body in [b'1', b'2'])
    marker = s3.delete_object(Bucket=LOCKED, Key='k')
    same(marker['DeleteMarker'], True, 'the marker')
    refused('NoSuchKey', s3.get_object, Bucket=LOCKED, Key='k')
    refused('MethodNotAllowed', s3.get_object, Bucket=LOCKED, Key='k', VersionId=marker['VersionId'])
    versions = s3.list_object_versions(Bucket=LOCKED)['Versions']
    same([version['VersionId'] for version in versions], [second, first], 'versions')
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    version = {'Bucket': LOCKED, 'Key': 'k', 'VersionId': first}
    s3.put_object_retention(**version, Retention={'Mode': 'GOVERNANCE', 'RetainUntilDate': until})
    refused('AccessDenied', s3.delete_object, **version)
    s3.delete_object(**version, BypassGovernanceRetention=True)


def settings():
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={'TagSet': [{'Key': 'a', 'Value': 'b'}]})
    same(s3.get_bucket_tagging(Bucket=BUCKET)['TagSet'], [{'Key': 'a', 'Value': 'b'}], 'tags')
    policy = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Deny', 'Principal': '*', 'Action': 's3:GetObject',
                                                      'Resource': f'arn:aws:s3:::{BUCKET}/denied/*'}]}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    same(json.loads(s3.get_bucket_policy(Bucket=BUCKET)['Policy']), policy, 'the policy')
    refused('AccessDenied', s3.get_object, Bucket=BUCKET, Key='denied/k')
    s3.delete_bucket_policy(Bucket=BUCKET)
    refused('NotImplemented', s3.select_object_content, Bucket=BUCKET, Key='cond', Expression='select', ExpressionType='SQL',
            InputSerialization={'CSV': {}}, OutputSerialization={'CSV': {}})


for step in [checksums, transfers, conditions, listings, presigned, locked, settings]:
    step()
