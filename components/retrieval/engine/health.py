"""What is to be noted of a server's collections: copies, peers, the optimiser."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException

from components.wording import count


def of_peers(client: QdrantClient, timeout_s: int) -> list[str]:
    """Return which of a cluster's peers are down."""
    status = client.cluster_status()
    if not isinstance(status, models.ClusterStatusOneOf1):
        return []
    down = set(status.message_send_failures)
    # A peer that does not lead learns of another's fate by asking alone, since Qdrant 1.17.
    with suppress(ApiException):
        if cluster := client.cluster_telemetry(timeout=timeout_s).cluster:
            down |= {peer.uri for peer in cluster.peers.values() if not peer.responsive}
    return [f"a peer is down: {uri}" for uri in sorted(down)]


def of_collection(client: QdrantClient, name: str, replicas: int) -> list[str]:
    """Return what is to be noted of a collection of which `replicas` copies are wanted."""
    info = client.get_collection(name)
    wanted = max(replicas, info.config.params.replication_factor or 1)
    shards = client.collection_cluster_info(name)
    copies = [
        (shard.shard_id, str(shard.state))
        for shard in (*shards.local_shards, *shards.remote_shards)
    ]
    return [*_of_copies(copies, wanted), *_of_optimiser(info)]


def _of_copies(copies: Iterable[tuple[int, str]], wanted: int) -> list[str]:
    """Return what is to be noted of shards' copies, given as shard and state."""
    by_shard: dict[int, list[str]] = defaultdict(list)
    for shard, state in copies:
        by_shard[shard].append(state)
    fewest = min(map(len, by_shard.values()), default=wanted)
    lines = []
    if fewest < wanted:
        each = "each shard" if all(len(c) == fewest for c in by_shard.values()) else "a shard"
        lines.append(f"{each} has {count(fewest, 'copy')} instead of {wanted}")
    states = Counter(state for c in by_shard.values() for state in c if state != "Active")
    for state, n in sorted(states.items()):
        lines.append(f"{count(n, 'copy')} in the state {state}")
    return lines


def _of_optimiser(info: models.CollectionInfo) -> list[str]:
    """Return what is to be noted of the optimiser; searches are exact whatever it does."""
    if isinstance(info.optimizer_status, models.OptimizersStatusOneOf1):
        return [f"the optimiser failed: {info.optimizer_status.error}"]
    said = {
        models.CollectionStatus.YELLOW: "the optimiser is at work; searches stay exact",
        models.CollectionStatus.GREY: "the optimiser waits for the next change",
        models.CollectionStatus.RED: "an operation failed and was not repaired",
    }
    return [said[info.status]] if info.status in said else []
