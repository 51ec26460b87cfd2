"""The runtime of generated OneRoster packages: everything that no OpenAPI document changes.

A generated package holds the models and operations of one version of the standard and imports the rest from here. This
package depends on no version of the standard and imports no generated package.
"""
