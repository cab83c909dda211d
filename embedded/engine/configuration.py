"""How Trino is configured to be Athena: the server's properties, the catalogs, the JVM's flags.

Every setting that is not Trino's default says why.
"""

import shutil
import zipfile
from pathlib import Path

TRINO_VERSION = "476"
CATALOG = "awsdatacatalog"
UNLOAD_CATALOG = "unload"
# The engine reads the lake as itself; whether the caller may is decided before a query starts.
ENGINE_ACCESS_KEY = "OUTLAYENGINE"
ENGINE_SECRET_KEY = "engine"  # noqa: S105 - moto checks no signature

# The SPI's own jars come from the server, as in Trino's packaging: a plugin must not bring others.
_SPI_JARS = (
    "trino-spi-",
    "slice-",
    "jackson-annotations-",
    "opentelemetry-api-1",
    "opentelemetry-context-",
    "jol-core-",
)
_LONG = "30d"
JVM_FLAGS = (
    "-Xmx2G",
    # A laptop runs many small queries on few cores: compile fast rather than well.
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Duser.timezone=UTC",
    "-Dfile.encoding=UTF-8",
    "--enable-native-access=ALL-UNNAMED",
    "-XX:+EnableDynamicAgentLoading",
    "-Djdk.attach.allowAttachSelf=true",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


def write_home(home: Path, jars: Path, port: int) -> None:
    """Write what a Trino server reads at start: its properties, log levels, hosts and plugin."""
    plugin = home / "plugin" / "hive"
    # Links of an earlier start may lead to jars of another lock, or nowhere after a move.
    shutil.rmtree(plugin, ignore_errors=True)
    plugin.mkdir(parents=True)
    for jar in (jars / "hive").glob("*.jar"):
        if not jar.name.startswith(_SPI_JARS):
            (plugin / jar.name).symlink_to(jar.resolve())
    # The published jar lacks its service descriptor.
    with zipfile.ZipFile(plugin / "services.jar", "w") as services:
        services.writestr("META-INF/services/io.trino.spi.Plugin", "io.trino.plugin.hive.HivePlugin\n")
    (home / "unload").mkdir(exist_ok=True)
    # The JVM resolves these names and no others, so it can't look anybody up.
    (home / "hosts").write_text("127.0.0.1 localhost\n")
    (home / "log.properties").write_text("io.trino=WARN\nBootstrap=WARN\n")
    _write_properties(home / "config.properties", _server_properties(home, port))


def _server_properties(home: Path, port: int) -> dict[str, str]:
    return {
        "coordinator": "true",
        "node-scheduler.include-coordinator": "true",
        "http-server.http.port": str(port),
        "http-server.log.enabled": "false",
        "discovery.uri": f"http://127.0.0.1:{port}",
        "plugin.dir": str(home / "plugin"),
        # The node learns of static catalogs only at its next poll: NO_NODES_AVAILABLE for seconds.
        "catalog.management": "dynamic",
        "catalog.store": "memory",
        # Finished queries are kept in memory; nobody looks at them here.
        "query.min-expire-age": "30s",
        "query.max-history": "50",
        "node.environment": "local",
        "node.id": "local",
        "node.bind-ip": "127.0.0.1",
        "node.internal-address": "127.0.0.1",
        "node.external-address": "127.0.0.1",
    }


def _write_properties(path: Path, properties: dict[str, str]) -> None:
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))


def jvm_arguments(home: Path, aot: list[str]) -> list[str]:
    """The JVM's flags; `aot` are those that use or make the ahead-of-time cache."""
    return [
        *JVM_FLAGS,
        *aot,
        f"-Djdk.net.hosts.file={home / 'hosts'}",
        f"-Dnode.data-dir={home}",
        f"-Dconfig={home / 'config.properties'}",
        f"-Dlog.levels-file={home / 'log.properties'}",
    ]


def catalog_statements(home: Path, aws_endpoint: str, region: str, *, unchanging: bool = False) -> list[str]:
    """The statements that create the catalogs; neither connects to AWS before its first query.

    unchanging: nothing in the lake changes while the engine runs, so that what it has seen need not be looked up again.
    """
    storage = {
        "fs.native-s3.enabled": "true",
        "s3.endpoint": aws_endpoint,
        "s3.region": region,
        "s3.aws-access-key": ENGINE_ACCESS_KEY,
        "s3.aws-secret-key": ENGINE_SECRET_KEY,
        "s3.path-style-access": "true",
        "hive.non-managed-table-writes-enabled": "true",
        "hive.table-statistics-enabled": "false",
        "hive.collect-column-statistics-on-write": "false",
        # A partition without objects is empty, not an error.
        "hive.ignore-absent-partitions": "true",
        "hive.recursive-directories": "true",
        # Bytes read are bytes needed: by default reads less than 1 MB apart are merged.
        "parquet.max-merge-distance": "8kB",
        "parquet.small-file-threshold": "0B",
    }
    lake = storage | {
        "hive.metastore": "glue",
        "hive.metastore.glue.region": region,
        "hive.metastore.glue.endpoint-url": aws_endpoint,
        "hive.metastore.glue.aws-access-key": ENGINE_ACCESS_KEY,
        "hive.metastore.glue.aws-secret-key": ENGINE_SECRET_KEY,
        # moto knows no segments: it would answer each of them with all partitions.
        "hive.metastore.glue.partitions-segments": "1",
    }
    if unchanging:
        lake |= {
            "hive.metastore-cache-ttl": _LONG,
            "hive.metastore-cache-maximum-size": "100000",
            "hive.file-status-cache-tables": "*",
            "hive.file-status-cache-expire-time": _LONG,
        }
    # UNLOAD is a CTAS whose table nobody must see: it lives in a metastore of its own.
    unload = storage | {
        "hive.metastore": "file",
        "hive.metastore.catalog.dir": "local:///",
        "fs.native-local.enabled": "true",
        "local.location": str(home / "unload"),
    }
    return [
        _create_catalog(CATALOG, lake),
        _create_catalog(UNLOAD_CATALOG, unload),
        f"CREATE SCHEMA IF NOT EXISTS {UNLOAD_CATALOG}.results",
    ]


def _create_catalog(name: str, properties: dict[str, str]) -> str:
    settings = ", ".join(f"\"{key}\" = '{value}'" for key, value in properties.items())
    return f"CREATE CATALOG {name} USING hive WITH ({settings})"
