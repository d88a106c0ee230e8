"""The job: reads a table, keeps each row once, writes a table."""

import argparse
from collections.abc import Sequence

from {{ cookiecutter.package }}.names import table


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What the job was started with."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalog", required=True)
    parser.add_argument("--schema", required=True)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run on a cluster, where Spark is."""
    from pyspark.sql import SparkSession

    chosen = options(arguments)
    spark = SparkSession.builder.getOrCreate()
    rows = spark.table(table(chosen.catalog, chosen.schema, "raw"))
    rows.dropDuplicates().write.mode("overwrite").saveAsTable(table(chosen.catalog, chosen.schema, "latest"))


if __name__ == "__main__":
    main()
