"""The lake on disk: readable files, ranged reads, versions, and opening it again in another process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from embedded.cloud import CloudError, EmbeddedCloud, StateError
from tests.embedded.cloud.conftest import files


def test_objects_are_files_that_a_person_can_find(cloud: EmbeddedCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="shelf")
    s3.put_object(Bucket="shelf", Key="events/day=1/a.parquet", Body=b"0123456789")
    s3.put_object(Bucket="shelf", Key="events/day=1/a.parquet", Body=b"ABCDEFGHIJ")
    s3.put_object(Bucket="shelf", Key="events", Body=b"a key where others have a folder")
    s3.put_object(Bucket="shelf", Key="a//b/../c", Body=b"odd")
    s3.put_object(Bucket="shelf", Key="gone", Body=b"x")
    s3.delete_object(Bucket="shelf", Key="gone")

    part = s3.get_object(Bucket="shelf", Key="events/day=1/a.parquet", Range="bytes=2-4")
    end = s3.get_object(Bucket="shelf", Key="events/day=1/a.parquet", Range="bytes=-3")

    assert part["Body"].read() == b"CDE"
    assert (part["ContentRange"], part["ContentLength"]) == ("bytes 2-4/10", 3)
    assert end["Body"].read() == b"HIJ"
    assert s3.get_object(Bucket="shelf", Key="a//b/../c")["Body"].read() == b"odd"
    assert s3.get_object(Bucket="shelf", Key="events")["Body"].read().startswith(b"a key")
    assert files(cloud.home / "s3" / "shelf") == ["events/day=1/a.parquet"]
    assert (cloud.home / "s3" / "shelf" / "events/day=1/a.parquet").read_bytes() == b"ABCDEFGHIJ"


def test_an_old_version_can_be_read_and_the_newest_has_the_name(cloud: EmbeddedCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="versions", Key="k", Body=b"one")["VersionId"]
    s3.put_object(Bucket="versions", Key="k", Body=b"two")

    assert s3.get_object(Bucket="versions", Key="k", VersionId=first)["Body"].read() == b"one"
    assert (cloud.home / "s3" / "versions" / "k").read_bytes() == b"two"


def test_a_large_upload_in_parts_is_one_file(cloud: EmbeddedCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="parts")
    upload = s3.create_multipart_upload(Bucket="parts", Key="big")["UploadId"]
    pieces = [b"a" * 5_242_880, b"b" * 10]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(Bucket="parts", Key="big", UploadId=upload, PartNumber=number, Body=piece)["ETag"],
        }
        for number, piece in enumerate(pieces, 1)
    ]
    s3.complete_multipart_upload(Bucket="parts", Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    assert (cloud.home / "s3" / "parts" / "big").read_bytes() == b"".join(pieces)


def test_a_saved_lake_opens_in_another_process(tmp_path: Path) -> None:
    with EmbeddedCloud(tmp_path, engine=False, slack=False) as first:
        fill(first)
    before = state_of(tmp_path)
    with EmbeddedCloud.open(tmp_path, engine=False) as second:
        check(second)
        refuses_writes(second)
    assert state_of(tmp_path) == before, "a lake that is read stays as it is, to the last file"


def state_of(home: Path) -> dict[str, str]:
    """Every file of a lake with its content."""
    return {
        str(path): path.read_text()
        for part in ("state", "s3")
        for path in sorted((home / part).rglob("*"))
        if path.is_file()
    }


def refuses_writes(cloud: EmbeddedCloud) -> None:
    s3, glue, athena = (cloud.client(name) for name in ("s3", "glue", "athena"))
    changes = (
        lambda: s3.put_object(Bucket="lake", Key="t/day=1/x", Body=b"other"),
        lambda: s3.delete_object(Bucket="lake", Key="t/day=1/x"),
        lambda: s3.delete_objects(Bucket="lake", Delete={"Objects": [{"Key": "t/day=1/x"}]}),
        lambda: glue.delete_table(DatabaseName="shop", Name="orders"),
        lambda: glue.create_database(DatabaseInput={"Name": "new"}),
        lambda: athena.delete_work_group(WorkGroup="outlay"),
    )
    for change in changes:
        with pytest.raises(ClientError):
            change()
    for sql in (
        "create table t as select 1 as a",
        "insert into orders select 'a', 1",
        "unload (select 1) to 's3://lake/x/' with (format = 'PARQUET')",
        "create or replace view v as select 1 as a",
        "-- just looking\ndrop table orders",
        "alter table orders drop partition (day = 1)",
        "explain analyze insert into orders select 'a', 1",
        "msck repair table orders",
    ):
        with pytest.raises(ClientError, match="open for reading, and that would change it"):
            athena.start_query_execution(QueryString=sql, WorkGroup="outlay")
    with pytest.raises(CloudError, match="no command save"):
        cloud.save()


def fill(cloud: EmbeddedCloud) -> None:
    s3, glue, athena = (cloud.client(name) for name in ("s3", "glue", "athena"))
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="t/day=1/x", Body=b"rows", Metadata={"owner": "outlay"})
    s3.put_object(Bucket="lake", Key="a//b", Body=b"odd key")
    glue.create_database(DatabaseInput={"Name": "shop"})
    columns = {"Columns": [{"Name": "id", "Type": "string"}], "Location": "s3://lake/t/"}
    keys = [{"Name": "day", "Type": "int"}]
    table = {"Name": "orders", "StorageDescriptor": columns, "PartitionKeys": keys}
    glue.create_table(DatabaseName="shop", TableInput=table)
    partition = {"Values": ["1"], "StorageDescriptor": {"Location": "s3://lake/t/day=1/"}}
    glue.create_partition(DatabaseName="shop", TableName="orders", PartitionInput=partition)
    view = {"Name": "v", "TableType": "VIRTUAL_VIEW", "ViewOriginalText": "/* Presto View: x */"}
    glue.create_table(DatabaseName="shop", TableInput=view)
    limit = {"BytesScannedCutoffPerQuery": 10_000_000}
    athena.create_work_group(Name="outlay", Configuration=limit)
    athena.create_named_query(Name="spend", Database="shop", QueryString="select 1", WorkGroup="outlay")


def check(cloud: EmbeddedCloud) -> None:
    s3, glue, athena = (cloud.client(name) for name in ("s3", "glue", "athena"))
    stored = s3.get_object(Bucket="lake", Key="t/day=1/x")
    (query,) = athena.list_named_queries(WorkGroup="outlay")["NamedQueryIds"]
    group = athena.get_work_group(WorkGroup="outlay")["WorkGroup"]
    partitions = glue.get_partitions(DatabaseName="shop", TableName="orders")["Partitions"]
    assert stored["Body"].read() == b"rows"
    assert stored["Metadata"] == {"owner": "outlay"}
    assert s3.get_object(Bucket="lake", Key="a//b")["Body"].read() == b"odd key"
    assert [one["StorageDescriptor"]["Location"] for one in partitions] == ["s3://lake/t/day=1/"]
    assert glue.get_table(DatabaseName="shop", Name="v")["Table"]["TableType"] == "VIRTUAL_VIEW"
    assert group["Configuration"]["BytesScannedCutoffPerQuery"] == 10_000_000
    assert athena.get_named_query(NamedQueryId=query)["NamedQuery"]["QueryString"] == "select 1"


def test_opening_where_there_is_no_lake_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no saved lake .* run `make run` first"):
        EmbeddedCloud.open(tmp_path)


def test_all_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom embedded.cloud import EmbeddedCloud\n"
        "cloud = EmbeddedCloud(Path(sys.argv[1]), engine=False)\ncloud.start()\n"
        "cloud.wait_ready()\nprint(cloud._server.pid, flush=True)\ntime.sleep(60)\n"
    )
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while alive(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(server)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def test_ec2_sends_pages_where_aws_does(cloud: EmbeddedCloud) -> None:
    ec2 = cloud.client("ec2", "333333333333")
    made = {ec2.create_volume(AvailabilityZone="us-east-1a", Size=size)["VolumeId"] for size in range(1, 13)}
    first = ec2.describe_volumes(MaxResults=5)
    pages = list(ec2.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": 5}))

    assert len(first["Volumes"]) == 5
    assert "NextToken" in first
    assert [len(page["Volumes"]) for page in pages] == [5, 5, 2]
    assert {volume["VolumeId"] for page in pages for volume in page["Volumes"]} == made
    with pytest.raises(ClientError, match="InvalidNextToken"):
        ec2.describe_volumes(MaxResults=5, NextToken="nonsense")
    assert ec2.describe_snapshots(OwnerIds=["amazon"])["Snapshots"] == []
