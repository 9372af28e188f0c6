"""Blocks: their types, their schemas and the documents themselves."""

from . import documents, schemas, types

OPERATIONS = (*documents.OPERATIONS, *schemas.OPERATIONS, *types.OPERATIONS)

__all__ = ["OPERATIONS"]
