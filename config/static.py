"""Static files by their content, compressed, and scripts that import one another by those names too."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStorage(CompressedManifestStaticFilesStorage):
    """Also rewrites the imports of ES modules, so that a new page never runs with an old module."""

    support_js_module_import_aggregation = True
