"""The runtime of generated OneRoster packages: what no document changes.

A generated package holds the models and operations of one version of the standard and imports the rest from here. This
package knows no version and imports no generated package.
"""
