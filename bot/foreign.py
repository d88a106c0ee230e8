"""Words of other languages for what a risky field may hold, as evidence that a person really said it."""

from __future__ import annotations

from collections.abc import Mapping

VALUES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "environment": {
        "dev": ("desarrollo", "developpement", "desenvolvimento", "sviluppo", "ontwikkeling", "開発", "开发"),
        "staging": ("preproduccion", "preproduction", "homologacao", "acceptatie", "ステージング", "预发布"),
        "prod": ("produccion", "producao", "produzione", "productie", "本番", "プロダクション", "生产"),
    },
    "data_classification": {
        "public": ("publico", "publica", "publique", "pubblico", "pubblici", "openbaar", "公開", "公开"),
        "internal": ("interno", "interna", "internos", "interne", "interni", "社内", "内部"),
        "confidential": (
            "confidencial", "confidenciales", "confidencias", "confidentiel", "confidentielle",
            "confidentielles", "riservato", "riservati", "vertrouwelijk", "機密", "机密",
        ),
        "restricted": (
            "restringido", "restringida", "restrito", "restreint", "restreinte", "beperkt", "極秘",
            "制限", "受限",
        ),
    },
    "visibility": {
        "private": ("privado", "privada", "prive", "privee", "privato", "besloten", "非公開", "私有"),
        "internal": ("interno", "interna", "interne", "intern", "社内", "内部"),
    },
}  # fmt: skip
"""Field name → value → words for it, without accents and in small letters."""

KINDS: Mapping[str, tuple[str, ...]] = {
    "repo": ("repositorio", "repositorios", "depot", "deposito git", "リポジトリ", "仓库"),
    "schema": ("esquema", "schéma", "esquemas", "schemi", "base de datos", "スキーマ", "架构", "模式"),
    "compute": ("clúster", "almacen sql", "computo", "calcul", "クラスター", "クラスタ", "集群", "ジョブ"),
    "scaffold": ("plantilla", "modele de projet", "modelo de projeto", "テンプレート", "模板"),
}
"""Kind → words for it."""

OWNERS = (
    "propietari", "responsab", "dueno", "proprietair", "proprietari", "verantwort", "eigenaar", "eigentum",
    "verantwoordelijk", "オーナー", "責任者", "负责人",
)  # fmt: skip
"""How words for somebody who answers for something begin."""
