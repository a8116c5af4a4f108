"""Where limiters keep their counts: in memory, and open to the tests."""

import fakeredis
from django.core.cache import cache
from django.core.cache.backends.base import BaseCache

REDIS = fakeredis.FakeStrictRedis()
KEYS = []


def remember_key(key, prefix, version):
    """Make a cache key as Django does, and note which keys the packages asked for."""
    KEYS.append(key)
    return f"{prefix}:{version}:{key}"


class FakeRedis(BaseCache):
    """The cache by which django-defender finds its Redis."""

    def __init__(self, location, params):
        super().__init__(params)

    def get_master_client(self):
        return REDIS


def clear():
    """Forget every count, so that each answer begins with empty buckets."""
    cache.clear()
    REDIS.flushall()
    KEYS.clear()
